import { WoodFisherError } from '../errors.js';
import { DTYPE_BYTES, isFloatDtype } from '../formats/dtypes.js';
import { quote } from '../formats/errors.js';
import { openNpy } from '../formats/npy.js';
import { openModelFiles } from '../formats/safetensors/model-files.js';
import type { TensorInfo, TensorReader } from './tensor-reader.js';
import type { TensorPlace } from './tensor-reads.js';

/** Gradient samples that came together: a safetensors file, a sharded one, or a `.npy` array. */
export interface GradientSet extends Pick<TensorReader, 'path' | 'tensors'> {
  /** Of the tensors that hold numbers. */
  places: ReadonlyMap<string, TensorPlace>;
  close(): Promise<void>;
}

/** Opens a set of safetensors files: a tensor [N, ...shape] for each parameter. */
export async function openSafetensorsGradients(path: string): Promise<GradientSet> {
  const files = await openModelFiles(path);
  const places = new Map<string, TensorPlace>();
  for (const [name, { dtype, shape, size, byteOffset, file }] of files.tensors) {
    if (!isFloatDtype(dtype)) continue;
    const rowBytes = shape[0] > 0 ? (size / shape[0]) * DTYPE_BYTES[dtype] : 0;
    places.set(name, { path: file.path, fd: file.fd, dtype, begin: byteOffset, rowBytes });
  }
  return { path: files.path, tensors: files.tensors, places, close: () => files.close() };
}

/**
 * Opens a `.npy` array [N, d]: a sample a row, the parameters side by side in the order of `names`, each
 * row-major.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_SHAPE` where d is not the sum of their sizes.
 */
export async function openNpyGradients(
  path: string,
  model: Pick<TensorReader, 'path' | 'tensors'>,
  names: readonly string[],
): Promise<GradientSet> {
  const parameters = names.map((name) => {
    const tensor = model.tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `gradientNames lists ${quote(name)}, but ${model.path} has no such tensor`,
      { parameter: name },
    );
  });
  const file = await openNpy(path);
  const { dtype, shape, begin, handle } = file;
  const columns = parameters.reduce((sum, { size }) => sum + size, 0);
  if (shape.length !== 2 || shape[1] !== columns) {
    await handle.close();
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `${path} must be [samples, ${columns}], the weights of ${names.length} parameters side by side, but is [${shape.join(', ')}]`,
      { value: shape },
    );
  }
  const [samples] = shape;
  const rowBytes = columns * DTYPE_BYTES[dtype];
  const tensors = new Map<string, TensorInfo>();
  const places = new Map<string, TensorPlace>();
  let column = 0;
  for (const { name, shape: own, size } of parameters) {
    tensors.set(name, { name, dtype, shape: [samples, ...own], size: samples * size });
    const at = begin + column * DTYPE_BYTES[dtype];
    places.set(name, { path, fd: handle.fd, dtype, begin: at, rowBytes });
    column += size;
  }
  return { path, tensors, places, close: () => handle.close() };
}
