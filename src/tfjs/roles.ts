import type { NamedVariable } from './names.js';

/** What pruning needs to know of a weight beside its shape. */
export type Role = { outputAxis: number } | { prunable: false };

/** Layers that have scales and slopes alone, of whatever shape. */
const scaling: readonly string[] = ['BatchNormalization', 'LayerNormalization', 'PReLU'];

export function roleOf({ layer, variable }: NamedVariable): Role {
  const rank = variable.shape.length;
  const layerClass = layer.getClassName();
  if (rank < 2 || scaling.includes(layerClass)) return { prunable: false };
  if (layerClass === 'Embedding') return { outputAxis: 0 };
  const before =
    variable.originalName.endsWith('depthwise_kernel') || /^Conv\dDTranspose$/.test(layerClass);
  return { outputAxis: before ? rank - 2 : rank - 1 };
}

/** Whether a weight is pruned unless its owner says otherwise. */
export function isPrunableVariable(named: NamedVariable): boolean {
  return 'outputAxis' in roleOf(named);
}
