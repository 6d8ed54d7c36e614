/*
 * A network in plain float64 JavaScript, and its gradients by central differences: independent of
 * TensorFlow.js and of back-propagation.
 */

export type Vector = readonly number[];

export interface Affine {
  /** [inputs, outputs], row-major. */
  kernel: number[];
  bias: number[];
}

export type Stage = Affine | ((x: Vector) => Vector);

export type Loss = (label: Vector, y: Vector) => number;

/** Output of the network for one example. */
export function forward(stages: readonly Stage[], x: Vector): Vector {
  return stages.reduce(
    (y, stage) => (typeof stage === 'function' ? stage(y) : affine(stage, y)),
    x,
  );
}

function affine({ kernel, bias }: Affine, x: Vector): Vector {
  const outputs = kernel.length / x.length;
  return Array.from({ length: outputs }, (_, j) =>
    x.reduce((sum, a, i) => sum + a * kernel[i * outputs + j], bias[j] ?? 0),
  );
}

/** Gradient of the loss of one example by the weights of one array of a stage. */
export function differences(
  stages: readonly Stage[],
  weights: number[],
  x: Vector,
  label: Vector,
  loss: Loss,
): number[] {
  const h = 2 ** -17;
  return weights.map((w, i) => {
    const at = (value: number) => {
      weights[i] = value;
      return loss(label, forward(stages, x));
    };
    const slope = (at(w + h) - at(w - h)) / (2 * h);
    weights[i] = w;
    return slope;
  });
}

const each = (f: (x: number) => number) => (x: Vector) => x.map(f);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** erf by its Maclaurin series, which holds for the small arguments of the tests. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function logSoftmax(x: Vector): Vector {
  const max = Math.max(...x);
  const log = max + Math.log(x.reduce((sum, value) => sum + Math.exp(value - max), 0));
  return x.map((value) => value - log);
}

export const softmax = (x: Vector): Vector => logSoftmax(x).map(Math.exp);

const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;

/** The activations of TensorFlow.js by their names there. */
export const activations: Readonly<Record<string, (x: Vector) => Vector>> = {
  elu: each((x) => (x > 0 ? x : Math.expm1(x))),
  selu: each((x) => seluScale * (x > 0 ? x : seluAlpha * Math.expm1(x))),
  relu: each((x) => Math.max(x, 0)),
  relu6: each((x) => Math.min(Math.max(x, 0), 6)),
  linear: (x) => x,
  sigmoid: each(sigmoid),
  hardSigmoid: each((x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1)),
  softplus: each(softplus),
  softsign: each((x) => x / (1 + Math.abs(x))),
  tanh: each(Math.tanh),
  softmax,
  logSoftmax,
  gelu: each((x) => (x / 2) * (1 + erf(x / Math.SQRT2))),
  gelu_new: each(
    (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ),
  mish: each((x) => x * Math.tanh(softplus(x))),
  swish: each((x) => x * sigmoid(x)),
};

export const leakyRelu = (alpha: number) => each((x) => (x > 0 ? x : alpha * x));

const mean = (values: Vector) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Losses of one example by their names in TensorFlow.js; labels are rows. */
export const losses = {
  categoricalCrossentropy: (t: Vector, p: Vector) => {
    const total = p.reduce((sum, value) => sum + value, 0);
    return -t.reduce((sum, value, j) => sum + (value && value * Math.log(p[j] / total)), 0);
  },
  binaryCrossentropy: (t: Vector, p: Vector) =>
    -mean(t.map((value, j) => value * Math.log(p[j]) + (1 - value) * Math.log(1 - p[j]))),
  meanSquaredError: (t: Vector, y: Vector) => mean(t.map((value, j) => (y[j] - value) ** 2)),
} satisfies Record<string, Loss>;

/** Numbers in [-1, 1) that float32 holds exactly; the same for the same seed (mulberry32). */
export function randomFloats(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 8) / 2 ** 23 - 1;
  });
}
