import { type Image, wholeColour } from './image.js';

/** Pixels at the edges that are not compared: what a network gives there depends on its padding. */
export const EDGE = 4;

/**
 * Peak signal-to-noise ratio in dB, 10·log₁₀(255² / mean square of the differences) over all three
 * colours, both images rounded to whole colours; Infinity where they are the same.
 */
export function psnr(a: Image, b: Image): number {
  let [sum, count] = [0, 0];
  for (let row = EDGE; row < a.height - EDGE; row++) {
    for (let i = 3 * (row * a.width + EDGE); i < 3 * ((row + 1) * a.width - EDGE); i++) {
      sum += (wholeColour(a.data[i]) - wholeColour(b.data[i])) ** 2;
      count++;
    }
  }
  return 10 * Math.log10(255 ** 2 / (sum / count));
}
