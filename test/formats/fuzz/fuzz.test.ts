import { execFile } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { openSafetensors } from '../../../src/formats/safetensors/reader.js';
import { WoodFisherError } from '../../../src/index.js';
import { temporaryFolder } from '../temporary-folder.js';
import { Random } from './random.js';
import { targets } from './targets.js';
import { WORST_HEADERS } from './worst-headers.js';

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

test('the longest headers take less than 100 MB more than an empty one', async (t) => {
  t.timeout(300_000);
  const path = join(await temporaryFolder(t), 'x.safetensors');
  const program = fileURLToPath(new URL('./inspect-peak.js', import.meta.url));
  const peakOf = async (header: string): Promise<number> => {
    const text = Buffer.from(header);
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(text.length));
    await writeFile(path, Buffer.concat([prefix, text]));
    const { stdout } = await promisify(execFile)(process.execPath, [program, path]);
    return Number(stdout);
  };
  const empty = await peakOf('{}');
  for (const [what, header] of Object.entries(WORST_HEADERS)) {
    const more = (await peakOf(header())) - empty;
    t.log(`${what}: ${Math.round(more / 1e6)} MB`);
    t.true(more < MOST_MEMORY, `${what}: ${more}`);
  }
});
