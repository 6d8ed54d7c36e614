import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RunStatistics } from '../../src/index.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { seeded } from '../random.js';
import { gradientsCommand, lossCommand, writeToy } from './jobs/toy-files.js';
import { killWhen } from './kill-when.js';
import { runCli } from './run-cli.js';

const METHOD = [
  ...['--steps', '3', '--first-order', 'line-search', '--sparsity', '0.6', '--damping', '1e-3'],
];

const TWO_STEPS = [
  ...['--steps', '2', '--sparsity', '0.6', '--selection', 'greedy', '--blocks', 'compact'],
];

/** A run of the toy model: its flags but for the work directory, what its commands log, what it wrote. */
interface ToyRun {
  flags: string[];
  log(): Promise<string[]>;
  written(): Promise<Record<string, unknown>>;
}

/** The toy model fits one slab; test/slabs has many. */
const SLABS = ['--memory', '100MB'];

async function toyRun(folder: string, name: string, method: readonly string[]): Promise<ToyRun> {
  const [out, mask, stats, log] = ['out', 'mask', 'stats', 'log'].map((what) =>
    join(folder, `${name}-${what}`),
  );
  await writeFile(log, '');
  const commands = [
    ...['--gradients-command', gradientsCommand(`30 "${join(folder, 'log')}"`)],
    ...['--loss-command', lossCommand(`"${join(folder, 'log')}"`)],
  ];
  return {
    flags: [...commands, ...method, '--out', out, '--mask-out', mask, '--stats', stats],
    log: async () => (await readFile(join(folder, 'log'), 'utf8')).split('\n').filter(Boolean),
    written: async () => {
      const told: RunStatistics = JSON.parse(await readFile(stats, 'utf8'));
      return {
        out: (await readFile(out)).toString('base64'),
        mask: (await readFile(mask)).toString('base64'),
        statistics: { ...told, phases: [] },
      };
    },
  };
}

/** Kills the run at random moments, a few commands after it has begun each time, then lets it end. */
async function killAndResume(
  t: ExecutionContext,
  method: readonly string[],
  atMost: number,
  inSlabs: readonly string[] = [],
): Promise<void> {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  await writeFile(join(folder, 'log'), '');
  const whole = await toyRun(folder, 'whole', method);
  const first = await runCli(['prune', ...weights, ...whole.flags]);
  t.is(first.code, 0, first.stderr);
  const jobs = (await whole.log()).length;
  const expected = await whole.written();

  await writeFile(join(folder, 'log'), '');
  const work = join(folder, 'work');
  const resumed = await toyRun(folder, 'resumed', method);
  const args = ['prune', ...weights, ...resumed.flags, '--work-dir', work, ...inSlabs];
  const random = seeded(41);
  let kills = 0;
  let done = false;
  while (!done && kills < atMost) {
    const goal = (await resumed.log()).length + 1 + Math.floor(6 * random());
    const ready = async () => (await resumed.log()).length >= goal;
    done = await killWhen(args, work, ready, 20 * random());
    if (!done) kills++;
  }
  t.true(kills > 1);
  if (!done) {
    const last = await runCli(args);
    t.is(last.code, 0, last.stderr);
  }
  const left = (await readdir(work)).filter((name) => !(done && name === 'lock'));
  t.deepEqual(left, [], 'the folder is left empty');
  t.deepEqual(await resumed.written(), expected);
  t.true((await resumed.log()).length <= jobs + 2 * kills, 'what is recorded is not done again');
}

test('killed at any moment, steps in memory go on, and the files are the same', async (t) => {
  await killAndResume(t, ['--selection', 'greedy', '--blocks', 'compact', ...METHOD], 5);
});

for (const [name, damping] of [
  ['an absolute', []],
  ['a relative', ['--relative-damping', '0.1', '--damping-over', 'model']],
] as const) {
  test(`killed at any moment, steps in slabs go on, with the bits of those in memory: ${name} damping`, async (t) => {
    const method = [...METHOD.slice(0, -2), '--statistics', 'basic', '--gradient-batch', '16'];
    await killAndResume(t, [...method, ...damping, '--block-size', '20'], 6, SLABS);
  });
}

test('another command, other gradients and another setting are refused, a mended job is not', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  const work = join(folder, 'work');
  const script = join(folder, 'job.mjs');
  const command = `"${process.execPath}" "${script}" {step} ${gradientsCommand('30')}`;
  const passOn = `import { execFileSync } from 'node:child_process';
const [step, ...command] = process.argv.slice(2);
`;
  const call = `execFileSync(command[0], command.slice(1), { stdio: 'inherit' });`;
  await writeFile(script, `${passOn}if (step === '2') process.exit(5);\n${call}`);
  const out = ['--out', join(folder, 'out'), '--work-dir', work];
  const prunes = (words: string, ...rest: string[]) =>
    runCli(['prune', ...weights, '--gradients-command', words, ...TWO_STEPS, ...out, ...rest]);
  const failed = await prunes(command);
  t.is(failed.code, 3, failed.stderr);
  t.regex(failed.stderr, /failed with exit code 5/);
  t.deepEqual((await readdir(work)).sort(), [
    'run.json',
    'step-000000',
    'step-000001',
    'steps.json',
  ]);

  const other = await prunes(`${command} --more`);
  t.is(other.code, 1);
  t.regex(other.stderr, /a run that cannot go on: gradientsCommand was ".*" and is ".* --more"/);
  const damping = await prunes(command, '--damping', '0.1');
  t.regex(damping.stderr, /a run that cannot go on: damping was/);
  const fewer = await prunes(command, '--blocks', 'parameter', '--selection', 'oneshot');
  t.regex(fewer.stderr, /a run that cannot go on/);

  await writeFile(script, `${passOn}if (step === '1') process.exit(6);\n${call}`);
  const mended = await prunes(command);
  t.is(mended.code, 0, mended.stderr);
  t.regex(mended.stderr, /^going on after step 1 of 2$/m);
});

test('gradients that are recorded are taken as they are, and refused where they have changed', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  const work = join(folder, 'work');
  const args = [
    ...['prune', ...weights, '--gradients-command', gradientsCommand('30'), ...TWO_STEPS],
    ...['--loss-command', `"${process.execPath}" -e "process.exit(4)" {weights}`],
    ...['--out', join(folder, 'out'), '--work-dir', work],
  ];
  const failed = await runCli(args);
  t.regex(failed.stderr, /^gradients of step 1$/m);
  const again = await runCli(args);
  t.is(again.code, 3);
  t.regex(again.stderr, /--loss-command failed with exit code 4/);
  t.notRegex(again.stderr, /^gradients of step 1$/m);
  const step = join(work, 'step-000000');
  const attempt = (await readdir(step)).find((name) => name.startsWith('attempt-')) ?? '';
  await writeFile(join(step, attempt, 'gradients.safetensors'), 'changed');
  const changed = await runCli(args);
  t.is(changed.code, 1);
  t.regex(changed.stderr, /workDir has gradients of step 1 of 2 that have changed: /);
});
