import type { FileHandle } from 'node:fs/promises';
import { DTYPE_BYTES } from '../dtypes.js';
import { formatError, quote } from '../errors.js';
import { byteCount } from '../safetensors/header-text.js';
import type { SafetensorsFile } from '../safetensors/reader.js';
import { writeAll } from '../write-all.js';
import type { Buffers } from './buffers.js';
import { evenCuts, longestStep } from './cuts.js';
import { densePieces } from './dense-pieces.js';
import type { Fail } from './layout.js';
import { PartWriter } from './part-writer.js';
import type { CompactPlan, PlannedTensor } from './plan.js';
import { wordsOf } from './words.js';

/** What a file is written with. */
export interface WriteContext {
  buffers: Buffers;
  /** Told of each piece: bytes of the dense file that were worked off. Throws to stop. */
  onBytes: (bytes: number) => void;
}

/**
 * Writes the compact file of a plan through a handle, from its start.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` if the dense file changed since it was planned.
 */
export async function writeCompact(
  handle: FileHandle,
  file: SafetensorsFile,
  plan: CompactPlan,
  context: WriteContext,
): Promise<void> {
  await writeAll(handle, plan.header, 0);
  let position = plan.header.byteLength;
  for (const planned of plan.tensors) {
    await writeTensor(handle, position, file, planned, context);
    position += planned.choice.bytes;
  }
}

async function writeTensor(
  handle: FileHandle,
  position: number,
  file: SafetensorsFile,
  { tensor, choice: { layout }, parts }: PlannedTensor,
  { buffers, onBytes }: WriteContext,
): Promise<void> {
  const { name, dtype, size } = tensor;
  if (layout === undefined) {
    for await (const { bytes } of densePieces(file, tensor, evenCuts(size), buffers)) {
      await writeAll(handle, bytes, position);
      position += bytes.byteLength;
      onBytes(bytes.byteLength);
    }
    return;
  }
  const fail: Fail = (rule) => {
    const problem = `tensor ${quote(name)} (${layout.name}) changed while it was read: ${rule}`;
    throw formatError(file.path, problem, { parameter: name });
  };
  const width = DTYPE_BYTES[dtype];
  const writers = parts.map((part, i) => {
    const room = longestStep(size, width);
    const writer = new PartWriter(handle, position, buffers.get(`part ${i}`, room));
    position += byteCount(part, file.path);
    return writer;
  });
  const pack = layout.packer(tensor, writers, fail);
  for await (const { bytes, begin, end } of densePieces(
    file,
    tensor,
    layout.cuts(tensor),
    buffers,
  )) {
    await pack(wordsOf(bytes, width), begin, end);
    onBytes(bytes.byteLength);
  }
  for (const [i, writer] of writers.entries()) {
    await writer.flush();
    const planned = byteCount(parts[i], file.path);
    if (writer.written !== planned) {
      fail(`part ${quote(parts[i].name)} has ${writer.written} bytes instead of ${planned}`);
    }
  }
}
