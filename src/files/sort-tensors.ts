import { WoodFisherError } from '../errors.js';
import { isFloatDtype } from '../formats/dtypes.js';
import type { TensorInfo, TensorReader } from './tensor-reader.js';

/** A tensor that is copied as it is, and why. */
export interface KeptTensor {
  name: string;
  shape: readonly number[];
  size: number;
  reason: string;
}

/** The tensors of a model: those to prune, and the others; both in the model's order. */
export interface SortedTensors {
  prunable: TensorInfo[];
  kept: KeptTensor[];
}

/** Tells which tensors of a model can be pruned, by their dtype, name and shape. */
export function sortTensors(model: TensorReader, exclude: readonly RegExp[]): SortedTensors {
  const sorted: SortedTensors = { prunable: [], kept: [] };
  for (const tensor of model.tensors.values()) {
    const reason = reasonToKeep(tensor, exclude);
    if (reason === undefined) sorted.prunable.push(tensor);
    else sorted.kept.push(keep(tensor, reason));
  }
  return sorted;
}

/** Moves those prunable tensors to the kept ones that have no gradients. */
export function keepWithoutGradients(
  model: TensorReader,
  { prunable, kept }: SortedTensors,
  gradients: { readonly path: string; has(name: string): boolean },
): SortedTensors {
  const missing = prunable
    .filter(({ name }) => !gradients.has(name))
    .map((tensor) => keep(tensor, `no gradients in ${gradients.path}`));
  const all = new Map([...kept, ...missing].map((tensor) => [tensor.name, tensor]));
  return {
    prunable: prunable.filter(({ name }) => !all.has(name)),
    kept: [...model.tensors.keys()].flatMap((name) => all.get(name) ?? []),
  };
}

/** Refuses a model of which nothing is left to prune. */
export function requirePrunable({ path }: TensorReader, { prunable, kept }: SortedTensors): void {
  if (prunable.length > 0) return;
  const reasons = [...new Set(kept.map(({ reason }) => reason))].join('; ');
  throw new WoodFisherError(
    'ERR_WOODFISHER_MISSING',
    `${path} has no tensor to prune: ${kept.length === 0 ? 'it holds none' : `all ${kept.length} are kept (${reasons})`}`,
  );
}

function reasonToKeep({ name, dtype, shape, size }: TensorInfo, exclude: readonly RegExp[]) {
  const pattern = exclude.find((regex) => regex.test(name));
  if (pattern !== undefined) return `excluded by --exclude '${pattern.source}'`;
  if (!isFloatDtype(dtype)) return `${dtype} is not one of F16, BF16, F32 and F64`;
  if (shape.length < 2) return 'fewer than two axes';
  return size === 0 ? 'no elements' : undefined;
}

function keep({ name, shape, size }: TensorInfo, reason: string): KeptTensor {
  return { name, shape, size, reason };
}
