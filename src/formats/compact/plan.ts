import { DTYPE_BYTES } from '../dtypes.js';
import { formatError, quote } from '../errors.js';
import { MAX_HEADER_BYTES, PREFIX_BYTES } from '../safetensors/header.js';
import { headerBytes, type TensorDescription } from '../safetensors/header-text.js';
import type { SafetensorsFile } from '../safetensors/reader.js';
import type { Buffers } from './buffers.js';
import { type Choice, chooseLayout } from './choose.js';
import { rowCuts } from './cuts.js';
import { densePieces } from './dense-pieces.js';
import { DESCRIPTION_KEY, descriptionText, HEADER_KEY } from './description.js';
import { type AskedFormat, groupOf } from './formats.js';
import type { Layout } from './layout.js';
import { OccupancyScan } from './scan.js';
import { type DenseTensor, lastAxis } from './tensor.js';
import { wordsOf } from './words.js';

/** A tensor and what becomes of it. */
export interface PlannedTensor {
  tensor: DenseTensor;
  choice: Choice;
  /** Elements that are not +0.0. */
  stored: number;
  /** What stands for it in the compact file. */
  parts: readonly TensorDescription[];
}

/** What a file becomes, known before any of it is written. */
export interface CompactPlan {
  tensors: readonly PlannedTensor[];
  /** The compact file up to its data. */
  header: Uint8Array;
  /** Bytes of the compact file. */
  bytes: number;
}

/** What planning needs to know beside the file. */
export interface PlanContext {
  asked: AskedFormat;
  /** Names of all tensors of the model, which parts must not have. */
  taken: Pick<ReadonlySet<string>, 'has'>;
  buffers: Buffers;
  /** Given the length and the header, before any piece. */
  onHeader?: (bytes: Uint8Array) => Promise<void>;
  /** Given each piece that is read; the next one waits for it. Throws to stop. */
  onPiece: (bytes: Uint8Array) => Promise<void>;
}

/**
 * Reads all of a dense file once and decides how each of its tensors is stored.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` for a file that is compact already.
 */
export async function planCompact(
  file: SafetensorsFile,
  context: PlanContext,
): Promise<CompactPlan> {
  for (const key of [DESCRIPTION_KEY, HEADER_KEY]) {
    if (file.metadata.has(key)) {
      throw formatError(
        file.path,
        `has ${quote(key)} in __metadata__: it is a compact file already`,
      );
    }
  }
  requireRoom(file);
  const start = await file.readHeader();
  await context.onHeader?.(start);
  const dense = start.subarray(PREFIX_BYTES);
  const tensors: PlannedTensor[] = [];
  for (const tensor of file.tensors.values()) tensors.push(await planTensor(file, tensor, context));
  const layouts = new Map<string, Layout>();
  for (const { tensor, choice } of tensors) {
    if (choice.layout !== undefined) layouts.set(tensor.name, choice.layout);
  }
  const metadata = [
    ...file.metadata,
    [DESCRIPTION_KEY, descriptionText({ bytes: file.size, layouts })],
    [HEADER_KEY, new TextDecoder('utf-8', { ignoreBOM: true }).decode(dense)],
  ] as const;
  const parts = tensors.flatMap((planned) => planned.parts);
  const header = headerBytes(parts, metadata, file.path);
  const bytes = tensors.reduce((sum, { choice }) => sum + choice.bytes, header.byteLength);
  return { tensors, header, bytes };
}

/** Bytes of a tensor at least beside its name, and of the quotes of the dense header as a string. */
const LEAST_ENTRY = '"":{"dtype":"U8","shape":[],"data_offsets":[0,0]},'.length + 8;

/** A compact file holds the dense header, and one of its own with the same strings and names no shorter. */
function requireRoom({ path, tensors, metadata, headerBytes: dense }: SafetensorsFile): void {
  let own = tensors.size * LEAST_ENTRY;
  for (const name of tensors.keys()) own += name.length;
  for (const text of metadata.values()) own += text.length;
  if (dense + own <= MAX_HEADER_BYTES) return;
  throw formatError(
    path,
    `its header takes ${dense} bytes, and that of a compact file, which holds it, would be beyond ${MAX_HEADER_BYTES}; put its tensors into several files`,
  );
}

async function planTensor(
  file: SafetensorsFile,
  tensor: DenseTensor,
  { asked, taken, buffers, onPiece }: PlanContext,
): Promise<PlannedTensor> {
  const { name, dtype, shape } = tensor;
  const group = typeof asked === 'object' ? groupOf(asked.name) : undefined;
  const length = lastAxis(tensor);
  const scan = new OccupancyScan(length, group);
  const cuts = rowCuts(tensor.size, length, 32 * (group ?? 1));
  for await (const { bytes, begin, end } of densePieces(file, tensor, cuts, buffers)) {
    scan.add(wordsOf(bytes, DTYPE_BYTES[dtype]), begin, end);
    await onPiece(bytes);
  }
  const { occupancy } = scan;
  const { stored } = occupancy;
  const choice = chooseLayout(tensor, occupancy, asked);
  if (choice.layout !== undefined) {
    const parts = partsOf(tensor, choice.layout, stored);
    const clash = parts.find((part) => taken.has(part.name));
    if (clash === undefined) return { tensor, choice, stored, parts };
    choice.layout = undefined;
    choice.bytes = tensor.size * DTYPE_BYTES[dtype];
    choice.reason = `a tensor is named ${quote(clash.name)}`;
  }
  return { tensor, choice, stored, parts: [{ name, dtype, shape }] };
}

/** The parts of a tensor under their names in the file. */
export function partsOf(tensor: DenseTensor, layout: Layout, stored: number): TensorDescription[] {
  return layout.parts(tensor, stored).map(({ suffix, dtype, shape }) => ({
    name: `${tensor.name}.${suffix}`,
    dtype,
    shape,
  }));
}
