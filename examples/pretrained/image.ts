import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';

/** Colours of every pixel, [height, width, 3], row-major, 0 to 255. */
export interface Image {
  height: number;
  width: number;
  data: Float32Array;
}

/** One of examples/pretrained/photographs, seen from `dist/examples/pretrained`. */
export async function photograph(name: string): Promise<Image> {
  const file = new URL(`../../../examples/pretrained/photographs/${name}.png`, import.meta.url);
  const { height, width, data } = PNG.sync.read(await readFile(fileURLToPath(file)));
  const colours = new Float32Array(height * width * 3);
  for (let i = 0; i < colours.length; i++) colours[i] = data[4 * Math.floor(i / 3) + (i % 3)];
  return { height, width, data: colours };
}

/** The whole colour from 0 to 255 that is next to a value. */
export function wholeColour(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

/** Rows and columns from (top, left) on. */
export function cropped(
  { width, data }: Image,
  top: number,
  left: number,
  size: { height: number; width: number },
): Image {
  const part = new Float32Array(size.height * size.width * 3);
  for (let row = 0; row < size.height; row++) {
    const first = ((top + row) * width + left) * 3;
    part.set(data.subarray(first, first + size.width * 3), row * size.width * 3);
  }
  return { ...size, data: part };
}
