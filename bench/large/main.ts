/*
 * The benchmark of models that are larger than memory: `npm run bench:large`. See bench/README.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { LARGE_CASES, type LargeSettings } from './cases.js';

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number of at least 1.');
}

interface Options extends LargeSettings {
  only: string[];
  folder?: string;
  json?: string;
}

async function main(): Promise<void> {
  const command = new Command('bench:large')
    .description('Prunes synthetic models from files, in slabs, in processes of their own.')
    .option(
      '--only <case>',
      `one of ${Object.keys(LARGE_CASES).join(', ')}; may be repeated`,
      (name: string, names: string[]) => [...names, name],
      [],
    )
    .option('--millions <n>', 'millions of weights of the case overlap', wholeNumber, 10)
    .option('--memory <size>', 'what the runs may take', '1GiB')
    .option('--kills <n>', 'how often the case kills does it', wholeNumber, 20)
    .option('--runs <n>', 'runs that medians are over', wholeNumber, 3)
    .option('--folder <path>', 'where the models are made (default: a temporary folder)')
    .option('--json <file>', 'the figures, by case');
  const { only, folder: base = tmpdir(), json, ...settings } = command.parse().opts<Options>();
  const unknown = only.find((name) => !(name in LARGE_CASES));
  if (unknown !== undefined) {
    command.error(`error: --only must be one of ${Object.keys(LARGE_CASES)}, but is ${unknown}`);
  }
  await mkdir(base, { recursive: true });
  const folder = await mkdtemp(join(base, 'woodfisher-large-'));
  const figures: Record<string, Record<string, number>> = {};
  try {
    for (const [name, measure] of Object.entries(LARGE_CASES)) {
      if (only.length > 0 && !only.includes(name)) continue;
      const own = join(folder, name);
      await mkdir(own);
      figures[name] = await measure(own, settings);
      console.log(name);
      console.table(figures[name]);
      await rm(own, { recursive: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify(figures, null, 2)}\n`);
}

await main();
