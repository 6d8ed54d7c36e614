/*
 * A small network in float64 that can be differentiated twice, which TensorFlow.js cannot do with the
 * filters of a convolution. A layer is one matrix W [outputs, patch] that is applied at several places of
 * its input: y[p, o] = b[o] + Σ_k W[o, k] x[taps[p, k]]. A dense layer has one place.
 */

export interface Layer {
  name: string;
  /** Shape of W, outputs first; a convolution's is [filters, rows, columns, channels]. */
  shape: readonly number[];
  /** Values that the layer gets. */
  inputs: number;
  outputs: number;
  places: number;
  /** Weights of an output. */
  patch: number;
  /** [places, patch]: the input value under each weight. */
  taps: Uint32Array;
}

export function denseLayer(name: string, inputs: number, outputs: number): Layer {
  const taps = Uint32Array.from({ length: inputs }, (_, k) => k);
  return { name, shape: [outputs, inputs], inputs, outputs, places: 1, patch: inputs, taps };
}

/** Square images [side, side, channels], square kernels, no padding. */
export interface ConvolutionSize {
  side: number;
  channels: number;
  kernel: number;
  stride: number;
  filters: number;
}

/** Gives [places, filters], which is [side, side, filters] of the next layer. */
export function convolutionLayer(
  name: string,
  { side, channels, kernel, stride, filters }: ConvolutionSize,
): Layer {
  const steps = Math.floor((side - kernel) / stride) + 1;
  const taps: number[] = [];
  for (let row = 0; row < steps; row++) {
    for (let column = 0; column < steps; column++) {
      for (let i = 0; i < kernel; i++) {
        const first = ((row * stride + i) * side + column * stride) * channels;
        for (let k = 0; k < kernel * channels; k++) taps.push(first + k);
      }
    }
  }
  return {
    name,
    shape: [filters, kernel, kernel, channels],
    inputs: side * side * channels,
    outputs: filters,
    places: steps * steps,
    patch: kernel * kernel * channels,
    taps: Uint32Array.from(taps),
  };
}

/** y[p, o] += Σ_k W[o, k] x[taps[p, k]] */
export function addOutputs(layer: Layer, w: Float64Array, x: Float64Array, y: Float64Array): void {
  const { patch, taps } = layer;
  forOutputs(layer, (first, row, output) => {
    let sum = 0;
    for (let k = 0; k < patch; k++) sum += w[row + k] * x[taps[first + k]];
    y[output] += sum;
  });
}

/** dx[taps[p, k]] += Σ_o W[o, k] dy[p, o] */
export function addInputDeltas(
  layer: Layer,
  w: Float64Array,
  dy: Float64Array,
  dx: Float64Array,
): void {
  const { patch, taps } = layer;
  forOutputs(layer, (first, row, output) => {
    const d = dy[output];
    if (d === 0) return;
    for (let k = 0; k < patch; k++) dx[taps[first + k]] += w[row + k] * d;
  });
}

/** dW[o, k] += Σ_p x[taps[p, k]] dy[p, o] */
export function addKernelGradient(
  layer: Layer,
  x: Float64Array,
  dy: Float64Array,
  dw: Float64Array,
): void {
  const { patch, taps } = layer;
  forOutputs(layer, (first, row, output) => {
    const d = dy[output];
    if (d === 0) return;
    for (let k = 0; k < patch; k++) dw[row + k] += x[taps[first + k]] * d;
  });
}

/** db[o] += Σ_p dy[p, o] */
export function addBiasGradient({ outputs }: Layer, dy: Float64Array, db: Float64Array): void {
  for (let i = 0; i < dy.length; i++) db[i % outputs] += dy[i];
}

/** Visits every output at every place: where its taps begin, where its weights do, and which it is. */
function forOutputs(
  { outputs, places, patch }: Layer,
  visit: (first: number, row: number, output: number) => void,
): void {
  for (let p = 0; p < places; p++) {
    for (let o = 0; o < outputs; o++) visit(p * patch, o * patch, p * outputs + o);
  }
}
