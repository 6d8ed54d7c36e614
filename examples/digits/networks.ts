import type { Parameter } from '../../src/parameters.js';

/** A fully connected network with ReLU between its layers and a softmax at the end. */
export interface Network {
  name: string;
  /** Values before, between and after the layers. */
  sizes: readonly number[];
  /** Passes over the training images: more of them drive the gradients of the Fisher to zero. */
  epochs: number;
}

/** LeCun et al. 1998: 266,200 weights and 410 biases. */
export const lenet300100: Network = {
  name: 'lenet-300-100',
  sizes: [784, 300, 100, 10],
  epochs: 6,
};

/** The small one of Singh & Alistarh 2020: 32,360 weights and 70 biases. */
export const mlpnet: Network = { name: 'mlpnet', sizes: [784, 40, 20, 10], epochs: 10 };

export const networks: readonly Network[] = [lenet300100, mlpnet];

/**
 * The parameters of a network in the convention of PyTorch: `fc1.weight` [out, in], prunable,
 * `fc1.bias` [out], not prunable, `fc2.weight`, …; `values` gives their data.
 */
export async function networkParameters(
  { sizes }: Network,
  values: (name: string, length: number) => Float32Array | Promise<Float32Array>,
): Promise<Parameter[]> {
  const parameters: Parameter[] = [];
  for (let l = 1; l < sizes.length; l++) {
    const [inputs, outputs] = [sizes[l - 1], sizes[l]];
    const weight = `fc${l}.weight`;
    const bias = `fc${l}.bias`;
    parameters.push(
      {
        name: weight,
        shape: [outputs, inputs],
        data: await values(weight, outputs * inputs),
        outputAxis: 0,
      },
      { name: bias, shape: [outputs], data: await values(bias, outputs), prunable: false },
    );
  }
  return parameters;
}

/** The transpose [columns, rows] of a row-major matrix [rows, columns]. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const transposed = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) transposed[j * rows + i] = matrix[i * columns + j];
  }
  return transposed;
}
