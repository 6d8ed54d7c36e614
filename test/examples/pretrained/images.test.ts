import test from 'ava';
import { halved } from '../../../examples/pretrained/halve.js';
import { cropped, type Image, photograph } from '../../../examples/pretrained/image.js';
import { randomPairs } from '../../../examples/pretrained/patches.js';
import { EDGE, psnr } from '../../../examples/pretrained/psnr.js';

/** An image whose colours are f(row, column, colour). */
function drawn(
  height: number,
  width: number,
  f: (row: number, column: number, colour: number) => number,
): Image {
  const data = Float32Array.from({ length: height * width * 3 }, (_, i) => {
    const place = Math.floor(i / 3);
    return f(Math.floor(place / width), place % width, i % 3);
  });
  return { height, width, data };
}

test('the photographs are there, in colour', async (t) => {
  const sizes = { cat: 256, cup: 192, spoon: 192, suit: 192 };
  for (const [name, size] of Object.entries(sizes)) {
    const { height, width, data } = await photograph(name);
    t.deepEqual([height, width, data.length], [size, size, 3 * size ** 2]);
    t.true(data.every((v) => Number.isInteger(v) && v >= 0 && v <= 255));
    t.true(data.some((v, i) => i % 3 === 0 && v !== data[i + 1]));
  }
});

test('half an image of one colour, or of a slope, is as it was', (t) => {
  t.true(halved(drawn(8, 12, () => 77)).data.every((v) => v === 77));
  const slope = halved(drawn(24, 20, (row, column, colour) => 4 * row + 6 * column + colour));
  t.deepEqual([slope.height, slope.width], [12, 10]);
  for (let row = 2; row < 10; row++) {
    for (let column = 2; column < 8; column++) {
      for (const colour of [0, 1, 2]) {
        // The middle of pixels 2r and 2r + 1 is 2r + ½.
        const expected = Math.round(4 * (2 * row + 0.5) + 6 * (2 * column + 0.5) + colour);
        t.is(slope.data[(row * 10 + column) * 3 + colour], expected);
      }
    }
  }
});

test('what is finer than the new pixels is gone', (t) => {
  const stripes = drawn(24, 24, (_, column) => (column % 2 === 0 ? 100 : 140));
  const { data } = cropped(halved(stripes), 3, 3, { height: 6, width: 6 });
  t.true(data.every((v) => Math.abs(v - 120) <= 1));
});

test('PSNR is that of its formula, without the edges', (t) => {
  const [a, b] = [10, 15].map((v) => drawn(16, 20, () => v));
  t.true(Math.abs(psnr(a, b) - 20 * Math.log10(255 / 5)) < 1e-9);
  t.is(
    psnr(
      a,
      drawn(16, 20, () => 10.4),
    ),
    Number.POSITIVE_INFINITY,
  );
  const edge = drawn(16, 20, (row, column) =>
    row < EDGE || row >= 16 - EDGE || column < EDGE || column >= 20 - EDGE ? 255 : 10,
  );
  t.is(psnr(a, edge), Number.POSITIVE_INFINITY);
  const spot = drawn(16, 20, (row, column) => (row === EDGE && column === 19 - EDGE ? 0 : 10));
  t.true(psnr(a, spot) < 60);
});

test('pairs are halves of squares of the photographs, and a seed decides which', (t) => {
  const photographs = [1, 2].map((k) => drawn(24, 30, (row, column) => 100 * k + 2 * row + column));
  const options = { count: 6, side: 5, seed: 3 };
  const pairs = randomPairs(photographs, options);
  t.is(pairs.small.length, 6 * 75);
  t.is(pairs.large.length, 6 * 300);
  t.deepEqual(randomPairs(photographs, options), pairs);
  t.notDeepEqual(randomPairs(photographs, { ...options, seed: 4 }).small, pairs.small);
  for (let n = 0; n < 6; n++) {
    const small = pairs.small.subarray(n * 75, (n + 1) * 75);
    const large = pairs.large.subarray(n * 300, (n + 1) * 300);
    const mean = (values: Float32Array): number => values.reduce((a, b) => a + b) / values.length;
    t.true(Math.abs(mean(small) - mean(large)) < 1);
    // Both are of the same photograph, at the same place: they rise alike.
    t.true(Math.abs(small[12] - small[0] - (large[27] - large[3])) <= 2);
  }
});
