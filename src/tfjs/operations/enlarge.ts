import type { Tensor, TensorFlow } from '../tensorflow.js';

/** A place of the image that an enlarged one shows, and its share. */
interface Source {
  at: number;
  share: number;
}

/**
 * An image x [k, height, width, channels] as TensorFlow.js enlarges it (corners not aligned),
 * differentiable by x.
 *
 * The gradient is written here because those of the cpu backend are wrong: of nearest neighbours from
 * the second image of a batch on, and bilinear of images that are not square.
 */
export function enlarged(
  tf: TensorFlow,
  x: Tensor,
  enlarge: (x: Tensor) => Tensor,
  bilinear: boolean,
): Tensor {
  const operation = tf.customGrad((image) => {
    const { shape } = image as Tensor;
    const value = enlarge(image as Tensor);
    const sources = [1, 2].map((axis) =>
      sourcesOf(shape[axis], value.shape[axis] as number, bilinear),
    );
    return {
      value,
      gradFunc: (dy: Tensor) =>
        tf.tensor(gathered(dy.dataSync() as Float32Array, shape, sources), shape),
    };
  });
  return operation(x);
}

/** For each row (or column) of the enlarged image those of the image that it shows. */
function sourcesOf(size: number, enlargedSize: number, bilinear: boolean): Source[][] {
  return Array.from({ length: enlargedSize }, (_, i) => {
    const place = (i * size) / enlargedSize;
    const at = Math.floor(place);
    const share = bilinear ? place - at : 0;
    return [
      { at, share: 1 - share },
      { at: Math.min(at + 1, size - 1), share },
    ].filter((source) => source.share > 0);
  });
}

/** The deltas of the enlarged images, added up where they come from. */
function gathered(
  deltas: Float32Array,
  [k, height, width, channels]: readonly number[],
  [rows, columns]: readonly Source[][][],
): Float32Array {
  const gradients = new Float32Array(k * height * width * channels);
  let d = 0;
  for (let n = 0; n < k; n++) {
    for (const fromRows of rows) {
      for (const fromColumns of columns) {
        for (const row of fromRows) {
          for (const column of fromColumns) {
            const share = row.share * column.share;
            const to = ((n * height + row.at) * width + column.at) * channels;
            for (let c = 0; c < channels; c++) gradients[to + c] += share * deltas[d + c];
          }
        }
        d += channels;
      }
    }
  }
  return gradients;
}
