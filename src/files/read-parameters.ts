import type { Parameter } from '../parameters.js';
import type { TensorInfo, TensorReader } from './tensor-reader.js';

/**
 * The weights of tensors, as float32.
 *
 * @param outputAxis Axis of the outputs in every one of them; see {@link Parameter}.
 * @param onRead Told after each tensor how many have been read.
 */
export async function readParameters(
  model: TensorReader,
  tensors: readonly TensorInfo[],
  {
    outputAxis,
    signal,
    onRead,
  }: { outputAxis: number; signal?: AbortSignal; onRead?: (count: number) => void },
): Promise<Parameter[]> {
  const parameters: Parameter[] = [];
  for (const { name, shape } of tensors) {
    signal?.throwIfAborted();
    parameters.push({ name, shape, outputAxis, prunable: true, data: await model.read(name) });
    onRead?.(parameters.length);
  }
  return parameters;
}
