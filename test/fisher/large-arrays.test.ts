import test from 'ava';
import { BlockFisher } from '../../src/index.js';

// Memory that is reserved and never touched.
const reserved = new Float32Array(new SharedArrayBuffer(5 * 2 ** 30));
const SIZE = 1_000_000;

for (const [what, batch] of [
  ['longer than 4 GiB', reserved.subarray(0, 1100 * SIZE)],
  ['that begins beyond 4 GiB', reserved.subarray(2 ** 30, 2 ** 30 + SIZE)],
] as const) {
  test(`a batch ${what} is refused, and the Fisher goes on`, async (t) => {
    await using fisher = await BlockFisher.create({
      parameters: [{ name: 'w', shape: [1000, 1000], data: new Float32Array(SIZE) }],
    });
    await t.throwsAsync(fisher.add({ w: batch }), {
      code: 'ERR_WOODFISHER_SHAPE',
      message: /gradients of parameter "w" must end within the first 4 GiB .* fewer samples/,
    });
    await fisher.add({ w: new Float32Array(SIZE).fill(0.5) });
    const { w } = await (await fisher.invert()).diagonal();
    t.true(w[0] > 0);
  });
}
