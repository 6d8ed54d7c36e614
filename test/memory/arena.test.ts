import test from 'ava';
import { BlockFisher } from '../../src/index.js';
import { Lease } from '../../src/memory/arena.js';
import { ENGINES } from '../engines.js';
import { randomArray, randomParameter, seeded } from '../random.js';

const MIB = 2 ** 20;
const random = seeded(6);

for (const engine of ENGINES) {
  test.serial(
    `200 rounds of create, add, invert and dispose do not grow the process (${engine})`,
    async (t) => {
      const parameter = randomParameter('a', [500, 400], random); // 41 MB of state at B = 50
      const batch = { a: randomArray(4 * 200_000, random) };
      const round = async (): Promise<void> => {
        const fisher = await BlockFisher.create({ parameters: [parameter], engine, blockSize: 50 });
        await fisher.add(batch);
        if (engine === 'native') await fisher.invert();
        await fisher.dispose();
      };
      for (let i = 0; i < 20; i++) await round();
      const before = process.memoryUsage.rss();
      for (let i = 0; i < 180; i++) await round();
      const grown = (process.memoryUsage.rss() - before) / MIB;
      t.log(`grown by ${grown.toFixed(1)} MiB after round 20`);
      t.true(grown < 40, `${grown} MiB`);
    },
  );
}

test.serial('pages go back to the system with dispose (native)', async (t) => {
  if (!ENGINES.includes('native')) return t.pass();
  const before = process.memoryUsage.rss();
  const lease = new Lease();
  const array = lease.float64(16 * MIB).fill(1);
  const during = process.memoryUsage.rss();
  t.true(during - before > 100 * MIB);
  lease.dispose();
  t.true(process.memoryUsage.rss() - before < 20 * MIB);
  t.is(array.length, 16 * MIB);
});

test('a lease uses what was released before it asks for more', (t) => {
  const lease = new Lease();
  const first = lease.float32(1000);
  const { buffer } = first;
  lease.release(first);
  t.is(lease.float32(900).buffer, buffer);
  t.not(lease.float32(900).buffer, buffer);
  t.is(lease.peakBytes, 7200);
  lease.dispose();
  t.throws(() => lease.float32(1), { message: /disposed/ });
});
