import { open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openSafetensors } from '../../../src/formats/safetensors/reader.js';
import { WoodFisherError } from '../../../src/index.js';
import { temporaryFolder } from '../temporary-folder.js';
import { Random } from './random.js';
import { targets } from './targets.js';

const { WOODFISHER_FUZZ_SEED, WOODFISHER_FUZZ_RUNS = '10000' } = process.env;
const RUNS = Number(WOODFISHER_FUZZ_RUNS);
const SEED = Number(WOODFISHER_FUZZ_SEED ?? 20201206);

/** Most milliseconds of processor time for a file. */
const LONGEST = 1000;

/** Bytes that a bad file takes at most. */
const MOST_MEMORY = 100e6;

test('changed files of every format give an error with its place, or are valid', async (t) => {
  t.timeout(60_000 + 20 * RUNS);
  t.log(`seed ${SEED} (WOODFISHER_FUZZ_SEED sets another), ${RUNS} files`);
  const all = targets(await temporaryFolder(t));
  const found = all.map(() => ({ valid: 0, rules: new Set<string>() }));
  let longest = 0;
  let peak = 0;
  let before = 0;
  for (let run = 0; run < RUNS; run++) {
    const which = run % all.length;
    const { file, mutated, read } = all[which];
    // Each file follows from the seed and its number alone.
    const bytes = mutated(new Random(SEED + run));
    const start = process.cpuUsage();
    try {
      await read(bytes);
      found[which].valid++;
    } catch (error) {
      const where = `run ${run} of seed ${SEED}`;
      if (!(error instanceof WoodFisherError)) throw new Error(where, { cause: error });
      const { code, message, details } = error;
      if (code !== 'ERR_WOODFISHER_FORMAT' || !message.startsWith(`${file}: `)) {
        throw new Error(where, { cause: error });
      }
      if (details.offset === undefined && bytes.length >= 8) t.fail(`${where}: ${message}`);
      if ((details.offset ?? 0) > bytes.length) t.fail(`${where}: ${message}`);
      found[which].rules.add(
        message
          .slice(file.length)
          .replace(/"[^"]*"|\d+/g, '…')
          .slice(0, 40),
      );
    }
    const { user, system } = process.cpuUsage(start);
    longest = Math.max(longest, (user + system) / 1000);
    // The first hundred compile code.
    if (run === 100) before = process.memoryUsage.rss();
    if (run > 100) peak = Math.max(peak, process.memoryUsage.rss());
  }
  const growth = peak - before;
  for (const [i, { valid, rules }] of found.entries()) {
    t.log(`${all[i].file.split('/').at(-1)}: ${valid} valid, ${rules.size} messages`);
    if (RUNS >= 10_000) t.true(valid > 20 && rules.size > 8, [...rules].join('\n'));
  }
  t.log(`longest ${longest.toFixed(0)} ms, memory grew by ${Math.round(growth / 1e6)} MB`);
  t.true(longest < LONGEST);
  t.true(growth < MOST_MEMORY);
});

test('a header that claims 100 GB is refused before anything is allocated for it', async (t) => {
  const path = join(await temporaryFolder(t), 'x.safetensors');
  {
    await using handle = await open(path, 'w');
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(100_000_000_000n);
    await handle.write(prefix);
    await handle.truncate(110_000_000_000);
  }
  const before = process.memoryUsage.rss();
  await t.throwsAsync(openSafetensors(path), { message: /at most \d+ bytes.*100000000000/ });
  t.true(process.memoryUsage.rss() - before < 10e6);
});
