/** The windows that a convolution or a pooling sees of an image [height, width, channels]. */
export interface Windows {
  /** [height, width]. */
  input: readonly [number, number];
  channels: number;
  kernel: readonly [number, number];
  strides: readonly [number, number];
  dilations: readonly [number, number];
  /** Rows above and columns left of the image that the first window begins at. */
  before: readonly [number, number];
  /** Windows in each direction. */
  output: readonly [number, number];
}

type Pair = readonly [number, number];

/** The windows of an image [k, height, width, channels], padded as TensorFlow pads. */
export function windowsOf(
  shape: readonly number[],
  kernel: Pair,
  strides: Pair,
  dilations: Pair,
  padding: string,
): Windows {
  const [, height, width, channels] = shape;
  const axes = [height, width].map((size, a) => {
    const reach = (kernel[a] - 1) * dilations[a] + 1;
    if (padding !== 'same') {
      return { before: 0, output: Math.ceil((size - reach + 1) / strides[a]) };
    }
    const output = Math.ceil(size / strides[a]);
    const padded = Math.max((output - 1) * strides[a] + reach - size, 0);
    return { before: Math.floor(padded / 2), output };
  });
  return {
    input: [height, width],
    channels,
    kernel,
    strides,
    dilations,
    before: [axes[0].before, axes[1].before],
    output: [axes[0].output, axes[1].output],
  };
}

/**
 * The rows and columns around the image that its windows take in, as operations of TensorFlow.js want
 * them. Said so, and not as `same`: the wasm backend computes `same` wrongly for strides larger than
 * the kernel.
 */
export function paddingOf({
  input,
  kernel,
  strides,
  dilations,
  before,
  output,
}: Windows): [[number, number], [number, number], [number, number], [number, number]] {
  const [rows, columns] = [0, 1].map((a): [number, number] => {
    const end = (output[a] - 1) * strides[a] + (kernel[a] - 1) * dilations[a] + 1;
    return [before[a], Math.max(end - before[a] - input[a], 0)];
  });
  return [[0, 0], rows, columns, [0, 0]];
}
