import { join } from 'node:path';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import type { Parameter } from '../../src/index.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const SAMPLES = 23;

/** A model of two weights and a bias, its gradients, and the files of both. */
export interface ModelFiles {
  parameters: Parameter[];
  gradients: Record<string, Float32Array>;
  samples: number;
  weightsPath: string;
  gradientsPath: string;
}

/** Writes a random model and its gradients into a folder. */
export async function writeModelFiles(
  folder: string,
  { dtype = 'F32', seed = 11 }: { dtype?: 'F32' | 'F16' | 'BF16'; seed?: number } = {},
): Promise<ModelFiles> {
  const random = seeded(seed);
  const parameters = [
    randomParameter('fc1.weight', [9, 14], random),
    randomParameter('fc1.bias', [9], random),
    randomParameter('fc2.weight', [5, 9], random),
  ];
  const [gradients] = randomBatches(parameters, [SAMPLES], random);
  const weightsPath = join(folder, 'model.safetensors');
  const gradientsPath = join(folder, 'gradients.safetensors');
  await writeWeights(weightsPath, parameters, dtype);
  await writeGradients(gradientsPath, parameters, gradients);
  return { parameters, gradients, samples: SAMPLES, weightsPath, gradientsPath };
}

/** The flags that name the files. */
export function inputFlags({
  weightsPath,
  gradientsPath,
}: Pick<ModelFiles, 'weightsPath' | 'gradientsPath'>): string[] {
  return ['--weights', weightsPath, '--gradients', gradientsPath];
}

/** Writes weights in a dtype. */
export async function writeWeights(
  path: string,
  parameters: readonly Parameter[],
  dtype: 'F32' | 'F16' | 'BF16' = 'F32',
): Promise<void> {
  await writeSafetensors(
    path,
    parameters.map(({ name, shape, data }) => ({ name, dtype, shape: [...shape], data })),
    { metadata: [['format', 'pt']] },
  );
}

/** Writes gradients [N, ...shape]. */
export async function writeGradients(
  path: string,
  parameters: readonly Pick<Parameter, 'name' | 'shape'>[],
  gradients: Readonly<Record<string, Float32Array>>,
): Promise<void> {
  await writeSafetensors(
    path,
    parameters.map(({ name, shape }) => {
      const data = gradients[name];
      const size = shape.reduce((a, b) => a * b, 1);
      return { name, dtype: 'F32', shape: [data.length / size, ...shape], data };
    }),
  );
}
