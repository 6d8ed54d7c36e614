import type { ContenderKind } from '../contender.js';

/** The rivals by name; a process loads the libraries of its own one alone. */
const rivals: Readonly<Record<string, () => Promise<ContenderKind>>> = {
  javascript: async () => (await import('../woodfisher.js')).woodfisher('javascript'),
  stdlib: async () => (await import('./stdlib.js')).stdlib,
  'ml-matrix': async () => (await import('./ml-matrix.js')).mlMatrix,
  'tfjs-wasm': async () => (await import('./tfjs-wasm.js')).tfjsWasm,
  'torch-rank1': async () => (await import('./torch/torch.js')).torchRank1,
  'torch-per-block': async () => (await import('./torch/torch.js')).torchPerBlock,
  'torch-matrix-free': async () => (await import('./torch/torch.js')).torchMatrixFree,
};

/** The rival of a name. */
export async function rivalOf(name: string): Promise<ContenderKind> {
  const load = rivals[name];
  if (load === undefined) throw new Error(`there is no rival ${name}`);
  return await load();
}
