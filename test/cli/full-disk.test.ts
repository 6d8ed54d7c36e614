import { execFileSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { hashesOf } from '../../bench/large/kills.js';
import { writeSynthetic } from '../../bench/large/synthetic-model.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { type CliResult, MAIN, runCli } from './run-cli.js';

/** A model, the flags to prune it in slabs, and what comes out where there is room. */
async function problem(t: ExecutionContext, folder: string) {
  const { weights, gradients } = await writeSynthetic(folder, {
    ...{ layers: 8, shape: [200, 500], samples: 4 },
  });
  const files = ['--weights', weights, ...gradients.flatMap((path) => ['--gradients', path])];
  const flags = [...files, '--sparsity', '0.8', '--block-size', '50', '--memory', '24MB'];
  const whole = join(folder, 'whole');
  const { code, stderr } = await runCli(['prune', ...flags, '--out', whole]);
  t.is(code, 0, stderr);
  return { flags, expected: await hashesOf(whole) };
}

/** A file system of a size in a folder, by a command that may not be allowed. */
function remount(folder: string, size: string, again = false): boolean {
  try {
    const options = again ? `remount,size=${size}` : `size=${size}`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('a disk that gets full between two slabs: told, and the same command goes on', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  if (!remount(disk, '2m')) {
    t.log('file systems cannot be mounted here');
    t.pass();
    return;
  }
  try {
    const { flags, expected } = await problem(t, folder);
    const work = join(disk, 'work');
    const args = ['prune', ...flags, '--work-dir', work, '--out', join(disk, 'out')];
    const full = await runCli(args);
    told(t, full, work, /scores-\d+\.bin is not written: ENOSPC: no space left/);
    const names = await readdir(work);
    t.true(names.includes('score-000000.json'));
    t.deepEqual(
      names.filter((name) => name.endsWith('.tmp') || name === 'lock'),
      [],
    );
    t.deepEqual(await readdir(disk), ['work']);
    t.true(remount(disk, '64m', true));
    const again = await runCli([...args, '--json']);
    t.is(again.code, 0, again.stderr);
    t.notRegex(again.stdout, /"phase":"score","done":0/, 'what is recorded is not done again');
    t.deepEqual(await hashesOf(join(disk, 'out')), expected);
    t.deepEqual(await readdir(work), []);
  } finally {
    execFileSync('umount', [disk]);
  }
});

(process.platform === 'win32' ? test.skip : test)(
  'outputs for which there is no room: none is there, and the same command writes them',
  async (t) => {
    const folder = await temporaryFolder(t);
    const { flags, expected } = await problem(t, folder);
    const work = join(folder, 'work');
    const out = join(folder, 'out');
    const args = ['prune', ...flags, '--work-dir', work, '--out', out];
    await t.throwsAsync(hashesOf(out), { code: 'ENOENT' });
    told(
      t,
      await inFilesUpTo(1450, args),
      work,
      /safetensors is not written: EFBIG: file too large/,
    );
    await t.throwsAsync(hashesOf(out), { code: 'ENOENT' });
    const again = await runCli([...args, '--json']);
    t.is(again.code, 0, again.stderr);
    t.notRegex(again.stdout, /"phase":"(score|apply)","done":[0-3],/);
    t.deepEqual(await hashesOf(out), expected);
  },
);

/** Runs the command so that no file can become larger than so many KiB. */
function inFilesUpTo(kibibytes: number, args: readonly string[]): Promise<CliResult> {
  return runCli(
    ['-c', `ulimit -f ${kibibytes} && exec "$0" "$@"`, process.execPath, MAIN, ...args],
    {
      program: 'bash',
    },
  );
}

function told(t: ExecutionContext, { code, stderr }: CliResult, work: string, why: RegExp): void {
  t.is(code, 1, stderr);
  t.regex(stderr, why);
  t.true(stderr.includes(`what is done is in ${work}; the same command goes on from there`));
}
