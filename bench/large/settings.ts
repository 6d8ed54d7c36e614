import { type SyntheticFiles, type SyntheticSettings, writeSynthetic } from './synthetic-model.js';

/** What the cases are run with. */
export interface LargeSettings {
  /** Millions of weights of the case `overlap`. */
  millions: number;
  /** `--memory` of the runs. */
  memory: string;
  kills: number;
  /** That medians are over. */
  runs: number;
}

/** Makes a model, and gives it with the flags to prune it. */
export async function pruningOf(
  folder: string,
  model: SyntheticSettings,
): Promise<SyntheticFiles & { flags: string[] }> {
  const files = await writeSynthetic(folder, model);
  const { weights, gradients } = files;
  const inputs = ['--weights', weights, ...gradients.flatMap((path) => ['--gradients', path])];
  return {
    ...files,
    flags: ['prune', ...inputs, '--sparsity', '0.8', '--block-size', '50', '--solver', 'gram'],
  };
}
