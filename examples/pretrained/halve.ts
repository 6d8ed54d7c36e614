import { type Image, wholeColour } from './image.js';

/**
 * Weights of the eight pixels about the middle of two, from −3.5 to 3.5: the cubic kernel with
 * a = −½ (Keys 1981), stretched by 2 so that nothing finer than the new pixels is left. It is how the
 * small images of super-resolution datasets are made.
 */
const WEIGHTS = Array.from({ length: 8 }, (_, i) => cubic(Math.abs(i - 3.5) / 2) / 2);

/** The image at half its size, rounded to whole colours from 0 to 255. Odd sizes lose a row or column. */
export function halved(image: Image): Image {
  const half = transposed(along(transposed(along(image))));
  return { ...half, data: half.data.map(wholeColour) };
}

/** Half as wide; pixels beyond an edge are those at it. */
function along({ height, width, data }: Image): Image {
  const half = Math.floor(width / 2);
  const result = new Float32Array(height * half * 3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < half; column++) {
      for (let colour = 0; colour < 3; colour++) {
        let sum = 0;
        for (const [i, weight] of WEIGHTS.entries()) {
          const x = Math.min(width - 1, Math.max(0, 2 * column - 3 + i));
          sum += weight * data[(row * width + x) * 3 + colour];
        }
        result[(row * half + column) * 3 + colour] = sum;
      }
    }
  }
  return { height, width: half, data: result };
}

function transposed({ height, width, data }: Image): Image {
  const result = new Float32Array(data.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * 3;
      result.set(data.subarray(from, from + 3), (column * height + row) * 3);
    }
  }
  return { height: width, width: height, data: result };
}

function cubic(x: number): number {
  if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}
