import { openModelFiles } from '../../../src/formats/safetensors/model-files.js';
import { randomArray, seeded } from '../../random.js';

/** Tensors of the toy model that are pruned; it has a bias beside them. */
export const TOY_SHAPES = { 'a.weight': [10, 13], 'b.weight': [6, 20] } as const;
const SIZES = Object.values(TOY_SHAPES).map(([rows, columns]) => rows * columns);
const SIZE = SIZES.reduce((a, b) => a + b, 0);

/** The weights at which the loss of the toy model is least. */
export function toyOptimum(): Float32Array {
  return randomArray(SIZE, seeded(5));
}

/**
 * The toy model is a regression: the loss of an example x with noise e is ½r², r = xᵀ(w − w*) + e, and its
 * gradient r x.
 * All weights as one vector, in the order of the shapes.
 */
export async function toyWeights(path: string): Promise<Float32Array> {
  await using model = await openModelFiles(path);
  const all = new Float32Array(SIZE);
  let at = 0;
  for (const name of Object.keys(TOY_SHAPES)) {
    const values = await model.read(name);
    all.set(values, at);
    at += values.length;
  }
  return all;
}

/** Examples and their residuals at weights. */
export function toyExamples(
  weights: Float32Array,
  count: number,
  seed: number,
): { x: Float32Array; residual: number }[] {
  const random = seeded(seed);
  const optimum = toyOptimum();
  return Array.from({ length: count }, () => {
    const x = randomArray(SIZE, random);
    const noise = 2 * random() - 1;
    const residual = x.reduce((sum, value, i) => sum + value * (weights[i] - optimum[i]), noise);
    return { x, residual };
  });
}

/** Gradients [count, ...shape] by name. */
export function toyGradients(
  weights: Float32Array,
  count: number,
  seed: number,
): Record<string, Float32Array> {
  const examples = toyExamples(weights, count, seed);
  let at = 0;
  return Object.fromEntries(
    Object.keys(TOY_SHAPES).map((name, k): [string, Float32Array] => {
      const size = SIZES[k];
      const begin = at;
      at += size;
      const values = new Float32Array(count * size);
      for (const [n, { x, residual }] of examples.entries()) {
        for (let i = 0; i < size; i++) values[n * size + i] = residual * x[begin + i];
      }
      return [name, values];
    }),
  );
}

/** Mean loss over examples that no gradient is taken of. */
export function toyLoss(weights: Float32Array): number {
  const examples = toyExamples(weights, 200, 1000);
  return examples.reduce((sum, { residual }) => sum + residual ** 2 / 2, 0) / examples.length;
}
