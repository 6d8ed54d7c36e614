import test from 'ava';
import { type Parameter, prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { seeded } from '../random.js';

/**
 * Models whose Fisher is the Hessian of their loss, block by block of an output, so that predicted
 * changes can be measured.
 */
const [EXAMPLES, INPUTS, OUTPUTS] = [400, 12, 3];

function setting(seed: number) {
  const random = seeded(seed);
  const draw = (length: number, scale: number) =>
    Float32Array.from({ length }, () => scale * (2 * random() - 1));
  const mixing = draw(INPUTS * INPUTS, 0.5);
  const inputs = Array.from({ length: EXAMPLES }, () => {
    const sources = draw(INPUTS, 1);
    return Float32Array.from({ length: INPUTS }, (_, i) =>
      sources.reduce((sum, s, j) => sum + mixing[i * INPUTS + j] * s, sources[i]),
    );
  });
  const signs = Array.from({ length: EXAMPLES * OUTPUTS }, () => (random() < 0.5 ? -1 : 1));
  const weight: Parameter = {
    name: 'w',
    shape: [OUTPUTS, INPUTS],
    data: draw(OUTPUTS * INPUTS, 1),
  };
  return { inputs, signs, weight };
}

function outputs({ data }: { data: Float32Array }, x: Float32Array): number[] {
  return Array.from({ length: OUTPUTS }, (_, o) =>
    x.reduce((sum, value, i) => sum + data[o * INPUTS + i] * value, 0),
  );
}

/** δ ⊗ x of every example. */
function outerProducts(
  inputs: readonly Float32Array[],
  delta: (n: number, o: number) => number,
): Float32Array {
  return Float32Array.from(
    inputs.flatMap((x, n) =>
      Array.from({ length: OUTPUTS }, (_, o) => [...x].map((value) => delta(n, o) * value)).flat(),
    ),
  );
}

for (const engine of ENGINES) {
  test(`least squares: the predicted change of the loss, both terms, is the measured one (${engine})`, async (t) => {
    for (const seed of [1, 2, 3]) {
      const { inputs, signs, weight } = setting(seed);
      // Residuals of ±1 make Σ g gᵀ that of the inputs: the Hessian of ½ Σ (wx − y)².
      const targets = inputs.map((x, n) =>
        outputs(weight, x).map((y, o) => y - signs[n * OUTPUTS + o]),
      );
      const loss = (model: { data: Float32Array }): number =>
        inputs.reduce(
          (sum, x, n) =>
            sum + outputs(model, x).reduce((s, y, o) => s + (y - targets[n][o]) ** 2, 0) / 2,
          0,
        ) / EXAMPLES;
      const gradients = [{ w: outerProducts(inputs, (n, o) => signs[n * OUTPUTS + o]) }];
      for (const firstOrder of [false, { step: 1 }, { step: 0.4 }]) {
        for (const update of ['joint', 'independent'] as const) {
          const run = { parameters: [weight], gradients, engine, firstOrder, update };
          const { parameters, statistics } = await prune({
            ...run,
            sparsity: 0.5,
            blockSize: INPUTS,
            damping: 1e-9,
          });
          const { quadratic, linear } = statistics.predictedLossChange ?? {
            quadratic: Number.NaN,
            linear: Number.NaN,
          };
          const measured = loss(parameters[0]) - loss(weight);
          t.true(Math.abs(quadratic + linear - measured) < 1e-5 * (Math.abs(measured) + quadratic));
        }
      }
    }
  });

  test(`logistic regression: where little is removed the prediction is the measured loss to a tenth (${engine})`, async (t) => {
    for (const seed of [4, 5, 6]) {
      const { inputs, signs, weight } = setting(seed);
      const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
      const dense = inputs.map((x) => outputs(weight, x).map(sigmoid));
      // Cross-entropy against the model's own probabilities, whose gradient at the dense weights is 0.
      const loss = (model: { data: Float32Array }): number =>
        inputs.reduce(
          (sum, x, n) =>
            sum -
            outputs(model, x).reduce((s, z, o) => {
              const [p, q] = [dense[n][o], sigmoid(z)];
              return s + p * Math.log(q) + (1 - p) * Math.log(1 - q);
            }, 0),
          0,
        ) / EXAMPLES;
      const deviation = (n: number, o: number): number =>
        signs[n * OUTPUTS + o] * Math.sqrt(dense[n][o] * (1 - dense[n][o]));
      const gradients = [{ w: outerProducts(inputs, deviation) }];
      const { parameters, statistics } = await prune({
        ...{ parameters: [weight], gradients, engine, sparsity: 0.2, damping: 1e-9 },
        blockSize: INPUTS,
      });
      const measured = loss(parameters[0]) - loss(weight);
      const predicted = statistics.predictedLossChange?.quadratic ?? Number.NaN;
      t.true(measured > 0);
      t.true(Math.abs(predicted / measured - 1) < 0.1, `${predicted} and ${measured}`);
    }
  });
}
