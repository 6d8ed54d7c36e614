import { writeModel } from './files/write-model.js';
import { Buffers } from './formats/compact/buffers.js';
import { type CompactFormat, parseFormat } from './formats/compact/formats.js';
import { compactIndexText } from './formats/compact/index-text.js';
import { type CompactPlan, planCompact } from './formats/compact/plan.js';
import {
  type ModelTotals,
  plannedSummary,
  type TensorSummary,
  totalsOf,
} from './formats/compact/summary.js';
import { writeCompact } from './formats/compact/write-compact.js';
import { type ModelFiles, openModelFiles } from './formats/safetensors/model-files.js';
import { countBytes, type FileWorkOptions } from './progress/file-progress.js';

/** Options of {@link compact}. */
export interface CompactOptions extends FileWorkOptions {
  /**
   * How tensors are stored: `auto` (default) takes the smallest of all for each; `bitmask`, `csr`,
   * `n:m` (the smallest pattern of 2, 4, 8, 16 or 32 that the tensor has) and patterns such as `2:4`
   * are for those tensors that they make smaller.
   */
  format?: CompactFormat;
}

/** What {@link compact} wrote. */
export interface CompactResult {
  /** In the order of the model. */
  tensors: TensorSummary[];
  totals: ModelTotals;
  /** Files of the model that were written, without an index. */
  files: number;
}

/**
 * Writes a model without the weights that are +0.0, as safetensors files with the layout that
 * docs/formats.md describes. Everything else keeps its bits: {@link expand} gives the same files again.
 * Tensors that would not become smaller are stored as they are. Takes some 30 MB of memory, however
 * large the model is, and reads it twice.
 *
 * @param input A safetensors file, an index (`model.safetensors.index.json`) or the folder it is in.
 * @param output The file to write or replace; a folder for a model in several files.
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` for an unknown format, `ERR_WOODFISHER_FORMAT` for
 * an input that is invalid or compact already, `ERR_WOODFISHER_OUTPUT` if the output cannot be written.
 * The signal's reason if that is aborted. Nothing has changed on disk then.
 *
 * @example
 * const { totals } = await compact('pruned.safetensors', 'pruned.compact.safetensors');
 * console.log(totals.compactBytes / totals.denseBytes);
 */
export async function compact(
  input: string,
  output: string,
  options: CompactOptions = {},
): Promise<CompactResult> {
  const asked = parseFormat(options.format);
  await using model = await openModelFiles(input);
  const buffers = new Buffers();
  const total = dataBytes(model);
  const scanned = countBytes('scan', total, options);
  const taken = new Set(model.tensors.keys());
  const onPiece = async (bytes: Uint8Array): Promise<void> => scanned(bytes.byteLength);
  const plans: CompactPlan[] = [];
  for (const { file } of model.files) {
    plans.push(await planCompact(file, { asked, taken, buffers, onPiece }));
  }

  const context = { buffers, onBytes: countBytes('pack', total, options) };
  await writeModel(output, model, {
    write: (handle, i) => writeCompact(handle, model.files[i].file, plans[i], context),
    index: () => indexOf(model, plans),
    signal: options.signal,
  });

  const tensors = plans.flatMap((plan) => plan.tensors.map(plannedSummary));
  const denseBytes = model.files.reduce((sum, { file }) => sum + file.size, 0);
  const compactBytes = plans.reduce((sum, { bytes }) => sum + bytes, 0);
  return { tensors, totals: totalsOf(tensors, denseBytes, compactBytes), files: plans.length };
}

/** Bytes of the data of all tensors. */
function dataBytes({ tensors }: ModelFiles): number {
  return [...tensors.values()].reduce((sum, { begin, end }) => sum + end - begin, 0);
}

function indexOf({ index, files }: ModelFiles, plans: readonly CompactPlan[]): string {
  if (index === undefined) return '';
  const names = plans.map(({ tensors }, i) => {
    const parts = tensors.flatMap((planned) => planned.parts.map(({ name }) => name));
    return [files[i].name, parts] as const;
  });
  const bytes = plans.reduce((sum, plan) => sum + plan.bytes - plan.header.byteLength, 0);
  return compactIndexText(index, new Map(names), bytes);
}
