import { BlockFisher } from '../../src/index.js';
import { randomArray, seeded } from '../random.js';

// A process of its own: builds a Fisher of the given number of weights and block size from batches in
// lent buffers, inverts it, and prints the most memory that the process has had, in bytes.

const [size, blockSize, count] = process.argv.slice(2).map(Number);
const random = seeded(61);
const tile = randomArray(10_007, random);

await using fisher = await BlockFisher.create({
  parameters: [{ name: 'a', shape: [size / 100, 100], data: new Float32Array(size) }],
  blockSize,
});
for (let batch = 0; batch < 4; batch++) {
  const { a } = fisher.nextBuffer(count);
  for (let at = 0; at < a.length; at += tile.length) {
    a.set(tile.subarray(0, Math.min(tile.length, a.length - at)), at);
  }
  await fisher.add({ a });
}
await fisher.invert();
console.log(process.resourceUsage().maxRSS * 1024);
