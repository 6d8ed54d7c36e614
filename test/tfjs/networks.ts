import {
  type GradientOptions,
  type Labels,
  type LayersModel,
  modelParameters,
  perExampleGradients,
  setModelWeights,
} from '../../src/tfjs/index.js';
import { tf } from './backends.js';
import { type Affine, differences, type Loss, randomFloats, type Stage } from './oracle.js';

/** A model with random weights, and the same network for the oracle. */
export interface Network {
  model: LayersModel;
  stages: Stage[];
}

type Layer = Parameters<ReturnType<typeof tf.sequential>['add']>[0];

/**
 * Builds a sequential model; each entry is a layer and, unless it is a Dense layer without
 * activation or leaves values as they are, what the oracle does for it.
 */
export async function network(parts: [Layer, ...Stage[]][], seed = 1): Promise<Network> {
  const model = tf.sequential({ layers: parts.map(([layer]) => layer) });
  const parameters = modelParameters(model);
  const weights = parameters.map(({ name, shape, data }, i) => ({
    name,
    shape,
    data: randomFloats(data.length, seed + i),
  }));
  await setModelWeights(model, weights, { tf });
  const stages = parts.flatMap(([layer, ...rest]) => {
    const [kernel, bias] = layer.weights.map((_, i) => {
      const at = parameters.findIndex(({ name }) => name.startsWith(`${layer.name}/`)) + i;
      return [...weights[at].data];
    });
    return kernel ? [{ kernel, bias: bias ?? [] }, ...rest] : rest;
  });
  return { model, stages };
}

/** All batches of per-example gradients, joined to one. */
export async function collect(
  model: LayersModel,
  inputs: tf.Tensor | Float32Array,
  labels: Labels,
  options: GradientOptions = {},
): Promise<Record<string, Float32Array>> {
  const parts: Record<string, number[]> = {};
  for await (const batch of perExampleGradients(model, inputs, labels, { tf, ...options })) {
    for (const [name, values] of Object.entries(batch)) {
      parts[name] = [...(parts[name] ?? []), ...values];
    }
  }
  return Object.fromEntries(
    Object.entries(parts).map(([name, values]) => [name, Float32Array.from(values)]),
  );
}

/**
 * Largest deviation of the gradients of all kernels and biases from central differences, as a share
 * of the largest gradient of the same weight tensor.
 */
export function deviation(
  gradients: Readonly<Record<string, Float32Array>>,
  { stages, model }: Network,
  inputs: Float32Array,
  labels: readonly (readonly number[])[],
  loss: Loss,
): number {
  const size = inputs.length / labels.length;
  const affines = stages.filter((stage): stage is Affine => typeof stage !== 'function');
  const arrays = affines.flatMap(({ kernel, bias }) => (bias.length ? [kernel, bias] : [kernel]));
  let largest = 0;
  modelParameters(model).forEach(({ name }, p) => {
    const expected = labels.flatMap((label, n) =>
      differences(stages, arrays[p], [...inputs.slice(n * size, (n + 1) * size)], label, loss),
    );
    const actual = gradients[name];
    if (actual?.length !== expected.length) throw new Error(`${name}: ${actual?.length} values`);
    const scale = Math.max(...expected.map(Math.abs));
    expected.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(actual[i] - value) / scale);
    });
  });
  return largest;
}

/** Rows with a single 1. */
export function oneHotRows(classes: readonly number[], width: number): number[][] {
  return classes.map((label) => Array.from({ length: width }, (_, j) => (j === label ? 1 : 0)));
}
