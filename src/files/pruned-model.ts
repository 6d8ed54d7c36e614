import { DTYPE_BYTES } from '../formats/dtypes.js';
import type { TensorSource } from '../formats/safetensors/writer.js';
import type { PrunedParameter } from '../steps/results.js';
import type { TensorInfo, TensorReader } from './tensor-reader.js';

const PIECE_BYTES = 4 * 2 ** 20;

/**
 * The tensors of a model after pruning, in its order and dtypes, ready to be written. Those that were
 * not pruned are copied byte for byte when it is their turn, so the model must stay open until then.
 */
export function prunedModel(
  model: TensorReader,
  pruned: readonly PrunedParameter[],
  signal?: AbortSignal,
): TensorSource[] {
  const results = new Map(pruned.map((parameter) => [parameter.name, parameter]));
  return [...model.tensors.values()].map((tensor) => {
    const { name, dtype, shape } = tensor;
    const result = results.get(name);
    if (result === undefined) {
      return { name, dtype, shape, data: () => pieces(model, tensor, signal) };
    }
    // F16, BF16 and F32 that did not change come back from float32 with the bits they had.
    if (dtype !== 'F64') return { name, dtype, shape, data: result.data };
    return { name, dtype, shape, data: () => changedPieces(model, tensor, result, signal) };
  });
}

/** The masks of pruned parameters (1 = kept, 0 = pruned) as U8 tensors. */
export function maskTensors(pruned: readonly PrunedParameter[]): TensorSource[] {
  return pruned.map(({ name, shape, mask }) => ({ name, dtype: 'U8', shape, data: mask }));
}

async function* pieces(
  model: TensorReader,
  { name, dtype, size }: TensorInfo,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const bytes = size * DTYPE_BYTES[dtype];
  for (let at = 0; at < bytes; at += PIECE_BYTES) {
    signal?.throwIfAborted();
    yield await model.readBytes(name, at, Math.min(at + PIECE_BYTES, bytes));
  }
}

/** F64 with the values of the result where they changed; float32 cannot hold the others. */
async function* changedPieces(
  model: TensorReader,
  tensor: TensorInfo,
  { data, mask }: PrunedParameter,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of pieces(model, tensor, signal)) {
    const values = new Float64Array(piece.buffer, piece.byteOffset, piece.byteLength / 8);
    for (let i = 0; i < values.length; i++, at++) {
      if (mask[at] === 0) values[i] = 0;
      else if (Math.fround(values[i]) !== data[at]) values[i] = data[at];
    }
    yield piece;
  }
}
