import { randomNumbers } from '../digits/random.js';
import { halved } from './halve.js';
import { cropped, type Image } from './image.js';

/** Small images and what they are the halves of. */
export interface Pairs {
  count: number;
  /** Rows and columns of a small image. */
  side: number;
  /** [count, side, side, 3] */
  small: Float32Array;
  /** [count, 2·side, 2·side, 3] */
  large: Float32Array;
}

/** Squares from random places of photographs; a seed decides which. */
export function randomPairs(
  photographs: readonly Image[],
  { count, side, seed }: { count: number; side: number; seed: number },
): Pairs {
  const random = randomNumbers(seed);
  const pairs = { count, side, small: pixels(count, side), large: pixels(count, 2 * side) };
  const halves = photographs.map(halved);
  for (let n = 0; n < count; n++) {
    const which = Math.floor(random() * photographs.length);
    const { height, width } = halves[which];
    const top = Math.floor(random() * (height - side + 1));
    const left = Math.floor(random() * (width - side + 1));
    const put = (into: Float32Array, image: Image, scale: number): void => {
      const size = scale * side;
      const square = { height: size, width: size };
      const { data } = cropped(image, scale * top, scale * left, square);
      into.set(data, n * data.length);
    };
    put(pairs.small, halves[which], 1);
    put(pairs.large, photographs[which], 2);
  }
  return pairs;
}

function pixels(count: number, side: number): Float32Array {
  return new Float32Array(count * side * side * 3);
}
