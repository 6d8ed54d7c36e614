/**
 * Recipes under a name.
 * - `paper`: WoodFisher as published (Singh & Alistarh 2020): single weights by their own saliency, one
 *   step, the update of each pruned weight by itself, λ = 1e-5.
 * - `fast`: one step, the joint update, damping that follows the gradients, small blocks. For large
 *   models, and gradients that are taken once.
 * - `best`: 32 steps with fresh gradients, greedy selection, blocks of the weights that are still there,
 *   and the gradient followed by a line search on held-out examples.
 */
export type Preset = 'paper' | 'fast' | 'best';
export const PRESETS: readonly Preset[] = ['paper', 'fast', 'best'];
