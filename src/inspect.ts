import { Buffers } from './formats/compact/buffers.js';
import { CompactFile } from './formats/compact/compact-file.js';
import { DESCRIPTION_KEY } from './formats/compact/description.js';
import { type CompactFormat, parseFormat } from './formats/compact/formats.js';
import { planCompact } from './formats/compact/plan.js';
import { storedIn } from './formats/compact/scan.js';
import {
  type ModelTotals,
  plannedSummary,
  summaryOf,
  type TensorSummary,
  totalsOf,
} from './formats/compact/summary.js';
import { wordsOf } from './formats/compact/words.js';
import { DTYPE_BYTES } from './formats/dtypes.js';
import { GzipSize } from './formats/gzip-size.js';
import { openModelFiles } from './formats/safetensors/model-files.js';
import type { SafetensorsFile } from './formats/safetensors/reader.js';
import { countBytes, type FileWorkOptions } from './progress/file-progress.js';

/** Options of {@link inspect}. */
export interface InspectOptions extends FileWorkOptions {
  /** What {@link compact} would be asked for, of a dense model. Default `auto`. */
  format?: CompactFormat;
  /** Whether to measure the size with gzip, which takes far longer than all else. Default true. */
  gzip?: boolean;
}

/** What is in a model, and how large it is. */
export interface Inspection {
  /** The file, or the index. */
  path: string;
  /** Whether it is a compact model. */
  compact: boolean;
  /** Files of the model, without an index. */
  files: number;
  /** The strings under `__metadata__` of the dense model. */
  metadata: Record<string, string>;
  /** In the order of the model. */
  tensors: TensorSummary[];
  /** Sizes as a dense model, a compact one, and the dense files with gzip (level 6; null: not measured). */
  totals: ModelTotals & { gzipBytes: number | null };
}

/**
 * Tells what is in a dense or compact model: tensors, sparsity, and the sizes that it has or would have
 * dense, compact and with gzip. Reads all of it once, in pieces.
 *
 * @param path A safetensors file, an index (`model.safetensors.index.json`) or the folder it is in.
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION`, and `ERR_WOODFISHER_FORMAT` for what is invalid.
 *
 * @example
 * const { totals } = await inspect('pruned.safetensors', { gzip: false });
 * console.log(totals.sparsity, totals.denseBytes, totals.compactBytes);
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<Inspection> {
  const asked = parseFormat(options.format);
  await using model = await openModelFiles(path);
  const opened = model.files.map(({ file }) =>
    file.metadata.has(DESCRIPTION_KEY) ? new CompactFile(file) : file,
  );
  const entries = opened.flatMap(({ tensors }) => [...tensors.values()]);
  const total = entries.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const onBytes = countBytes('inspect', total, options);
  const buffers = new Buffers();

  const tensors: TensorSummary[] = [];
  let denseBytes = 0;
  let compactBytes = 0;
  let gzipBytes = 0;
  for (const file of opened) {
    await using gzip = options.gzip === false ? undefined : new GzipSize();
    const onPiece = async (bytes: Uint8Array): Promise<void> => {
      await gzip?.add(bytes);
      onBytes(bytes.byteLength);
    };
    if (file instanceof CompactFile) {
      await gzip?.add(file.denseHeader);
      tensors.push(...(await compactSummaries(file, buffers, onPiece)));
      denseBytes += file.denseBytes;
      compactBytes += file.file.size;
    } else {
      const onHeader = async (bytes: Uint8Array): Promise<void> => await gzip?.add(bytes);
      const plan = await planCompact(file, {
        asked,
        taken: model.tensors,
        buffers,
        onHeader,
        onPiece,
      });
      tensors.push(...plan.tensors.map(plannedSummary));
      denseBytes += file.size;
      compactBytes += plan.bytes;
    }
    gzipBytes += (await gzip?.end()) ?? 0;
  }
  const isCompact = opened.every((file) => file instanceof CompactFile);
  return {
    path: model.path,
    compact: isCompact,
    files: opened.length,
    metadata: Object.fromEntries(metadataOf(opened)),
    tensors,
    totals: {
      ...totalsOf(tensors, denseBytes, compactBytes),
      gzipBytes: options.gzip === false ? null : gzipBytes,
    },
  };
}

/** Of all files; where files differ, the first one's. */
function metadataOf(files: readonly (SafetensorsFile | CompactFile)[]): Map<string, string> {
  return new Map(files.toReversed().flatMap(({ metadata }) => [...metadata]));
}

async function compactSummaries(
  file: CompactFile,
  buffers: Buffers,
  onPiece: (bytes: Uint8Array) => Promise<void>,
): Promise<TensorSummary[]> {
  const summaries: TensorSummary[] = [];
  for (const entry of file.tensors.values()) {
    let stored = 0;
    for await (const { bytes } of file.pieces(entry, buffers)) {
      stored += storedIn(wordsOf(bytes, DTYPE_BYTES[entry.dtype]));
      await onPiece(bytes);
    }
    const format = entry.layout?.name ?? 'dense';
    summaries.push(summaryOf(entry, stored, format, entry.storedBytes));
  }
  return summaries;
}
