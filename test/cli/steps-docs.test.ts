import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { pythonWith } from '../../bench/python.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { runCli } from './run-cli.js';

const run = promisify(execFile);

const python = await pythonWith('numpy');
if (python === undefined) {
  console.error(
    '# skipped: the example of docs/steps-with-commands.md, which needs NumPy (Debian: apt-get install python3-numpy)',
  );
}
const withNumpy = python === undefined ? test.skip : test;

withNumpy('the example of docs/steps-with-commands.md runs, and steps help', async (t) => {
  const page = new URL('../../../docs/steps-with-commands.md', import.meta.url);
  const docs = await readFile(page, 'utf8');
  const folder = await temporaryFolder(t);
  const programs = [...docs.matchAll(/```python\n(.*?)```/gs)].map(([, code]) => code);
  for (const [i, name] of ['task', 'train', 'grads', 'loss'].entries()) {
    await writeFile(join(folder, `${name}.py`), programs[i]);
  }
  t.is(programs.length, 4);
  await run(python ?? '', ['train.py'], { cwd: folder });
  const gradients = `${python} grads.py {weights} {out} {samples} {step}`;
  const changes: number[] = [];
  for (const steps of ['1', '4']) {
    const { code, stdout, stderr } = await runCli(
      [
        ...['prune', '--weights', 'model.safetensors', '--sparsity', '0.8', '--steps', steps],
        ...['--gradients-command', gradients, '--samples', '500'],
        ...['--loss-command', `${python} loss.py {weights}`, '--block-size', '64'],
        ...['--relative-damping', '0.01', '--out', 'pruned.safetensors', '--json'],
      ],
      { cwd: folder },
    );
    t.is(code, 0, stderr);
    const { measuredLoss } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    changes.push(measuredLoss.after - measuredLoss.before);
  }
  t.true(changes[1] < changes[0] / 2, `${changes}`);
});
