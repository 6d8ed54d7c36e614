import type { ExecutionContext } from 'ava';
import { modelParameters, setModelWeights } from '../../src/tfjs/index.js';
import { type backends, tf, useBackend } from './backends.js';
import { collect } from './networks.js';
import { randomFloats } from './oracle.js';

/*
 * Gradients as TensorFlow.js derives them, one example after the other, on its cpu backend, whose
 * gradients are right; and central differences of the loss of the very model.
 */

type Backend = (typeof backends)[number];

export interface Problem {
  model: tf.LayersModel;
  inputs: Float32Array;
  /** [n, outputs]. */
  targets: Float32Array;
  /** Examples. */
  n: number;
}

/** A model with random weights, variances above 0, and random inputs and targets for it. */
export async function problemOf(model: tf.LayersModel, n = 3, seed = 1): Promise<Problem> {
  const weights = modelParameters(model).map(({ name, shape, data }, i) => {
    const random = randomFloats(data.length, seed + 17 * i);
    const isVariance = name.endsWith('variance');
    return { name, shape, data: isVariance ? random.map((v) => 0.5 + v * v) : random };
  });
  await setModelWeights(model, weights, { tf });
  const size = (shape: readonly (number | null)[]) =>
    (shape.slice(1) as number[]).reduce((a, b) => a * b, 1);
  return {
    model,
    n,
    inputs: randomFloats(n * size(model.inputs[0].shape), seed + 5),
    targets: randomFloats(n * size(model.outputs[0].shape), seed + 6),
  };
}

/** A model that is `layers` between an input and, behind a Flatten if need be, Dense of two outputs. */
export function around(shape: number[], ...layers: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.input({ shape });
  let output: tf.SymbolicTensor = input;
  for (const layer of layers) output = layer.apply(output) as tf.SymbolicTensor;
  if (output.rank > 2) output = tf.layers.flatten().apply(output) as tf.SymbolicTensor;
  output = tf.layers.dense({ units: 2 }).apply(output) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

function lossOf({ model, inputs, targets, n }: Problem, example: number): tf.Scalar {
  const row = (values: Float32Array, shape: readonly (number | null)[]) => {
    const size = values.length / n;
    const one = values.slice(example * size, (example + 1) * size);
    return tf.tensor(one, [1, ...(shape.slice(1) as number[])]);
  };
  const x = row(inputs, model.inputs[0].shape);
  const y = model.apply(x, { training: false }) as tf.Tensor;
  return tf.mean(tf.squaredDifference(y, row(targets, model.outputs[0].shape)));
}

/** Per-example gradients [n, size] of the parameters that are given, as TensorFlow.js derives them. */
export async function automaticGradients(
  problem: Problem,
  names: readonly string[],
): Promise<Record<string, Float32Array>> {
  await useBackend('cpu');
  const all = modelParameters(problem.model).map(({ name }) => name);
  const variables = names.map((name) => {
    const weight = allWeights(problem.model)[all.indexOf(name)];
    return weight.read() as tf.Variable;
  });
  const parts: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let example = 0; example < problem.n; example++) {
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => lossOf(problem, example), variables);
      for (const [i, name] of names.entries()) {
        parts[name].push(...grads[variables[i].name].dataSync());
      }
    });
  }
  return Object.fromEntries(
    Object.entries(parts).map(([name, values]) => [name, Float32Array.from(values)]),
  );
}

function allWeights(model: tf.LayersModel): tf.LayersModel['weights'] {
  return model.layers.flatMap((layer) =>
    'layers' in layer ? allWeights(layer as unknown as tf.LayersModel) : layer.weights,
  );
}

/** The gradients of all parameters, biases included, of which no tensor is left. */
export async function ownGradients(
  t: ExecutionContext,
  { model, inputs, targets }: Problem,
  backend: Backend,
): Promise<Record<string, Float32Array>> {
  await useBackend(backend);
  const before = tf.memory().numTensors;
  const options = { loss: 'meanSquaredError', biases: true, batchSize: 2 } as const;
  const gradients = await collect(model, inputs, targets, options);
  t.is(tf.memory().numTensors, before, 'tensors are left');
  return gradients;
}

/**
 * The gradients of all parameters, biases included, are those of TensorFlow.js, and no tensor is left
 * of them.
 *
 * @param tolerance As a share of the largest gradient of the parameter.
 */
export async function equalsAutomatic(
  t: ExecutionContext,
  problem: Problem,
  backend: Backend,
  tolerance = 2 ** -16,
): Promise<Record<string, Float32Array>> {
  const gradients = await ownGradients(t, problem, backend);
  const expected = await automaticGradients(problem, Object.keys(gradients));
  for (const [name, values] of Object.entries(expected)) {
    const actual = gradients[name];
    t.is(actual.length, values.length, name);
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const error = values.reduce((max, g, i) => Math.max(max, Math.abs(actual[i] - g)), 0);
    t.true(error <= tolerance * scale, `${name}: ${error} of ${scale}`);
  }
  return gradients;
}

/**
 * The gradients are the slopes of the loss, by central differences of four points (error h⁴): the
 * loss is float32, so that they are good to about 1e-4 of the largest.
 */
export async function equalsDifferences(
  t: ExecutionContext,
  problem: Problem,
  gradients: Readonly<Record<string, Float32Array>>,
  h = 2 ** -5,
): Promise<void> {
  await useBackend('cpu');
  const { model, n } = problem;
  const parameters = modelParameters(model);
  const variables = allWeights(model);
  for (const [p, { name, data }] of parameters.entries()) {
    if (gradients[name] === undefined) continue;
    const size = data.length;
    const slopes = new Float64Array(n * size);
    for (let i = 0; i < size; i++) {
      const losses = [-2, -1, 1, 2].map((step) => {
        const moved = data.slice();
        moved[i] += step * h;
        return tf.tidy(() => {
          variables[p].write(tf.tensor(moved, variables[p].shape as number[]));
          return Array.from({ length: n }, (_, e) => lossOf(problem, e).dataSync()[0]);
        });
      });
      for (let e = 0; e < n; e++) {
        const [a, b, c, d] = losses.map((values) => values[e]);
        slopes[e * size + i] = (a - 8 * b + 8 * c - d) / (12 * h);
      }
    }
    tf.tidy(() => {
      variables[p].write(tf.tensor(data, variables[p].shape as number[]));
    });
    const scale = slopes.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    slopes.forEach((slope, i) => {
      const error = Math.abs(slope - gradients[name][i]);
      t.true(error <= 2e-4 * scale + 2e-5, `${name}[${i}]: ${gradients[name][i]}, slope ${slope}`);
    });
  }
}
