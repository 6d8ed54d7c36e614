import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

test('--preset, --samples, --gradient-batch, and what files cannot give', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const prune = async (...args: string[]) => {
    const inputs = ['--weights', weightsPath, '--gradients', gradientsPath, '--sparsity', '0.5'];
    const out = ['--out', join(folder, 'out.safetensors'), '--json'];
    const { code, stdout, stderr } = await runCli(['prune', ...inputs, ...out, ...args]);
    return { code, stderr, last: JSON.parse(stdout.trim().split('\n').at(-1) || '{}') };
  };
  const fast = await prune('--preset', 'fast', '--gradient-batch', '3');
  t.is(fast.code, 0, fast.stderr);
  t.is(fast.last.preset, 'fast');
  t.is(fast.last.blockSize, 50);
  t.deepEqual(fast.last.damping, { relative: 0.01, over: 'model' });
  const own = await prune('--preset', 'paper', '--block-size', '9', '--damping', '0.1');
  t.is(own.last.blockSize, 9);
  t.is(own.last.damping, 0.1);
  t.is(own.last.update, 'independent');

  const { samples } = fast.last;
  t.is((await prune('--samples', String(samples))).code, 0);
  const fewer = await prune('--samples', String(samples - 1));
  t.is(fewer.last.code, 'ERR_WOODFISHER_SAMPLES');
  t.regex(fewer.last.message, new RegExp(`samples must be .* ${samples}, but is ${samples - 1}`));

  for (const [args, message] of [
    [['--steps', '4'], /--steps 4 takes gradients again at each step/],
    [['--preset', 'best'], /--preset best takes gradients again at each step/],
    [['--schedule', 'steep'], /must be one of cubic, linear, geometric, or polynomial:p/],
  ] as const) {
    const { code, stderr } = await prune(...args);
    t.is(code, 2);
    t.regex(stderr, message);
  }
  const alone = await prune('--schedule', 'polynomial:4');
  t.regex(alone.last.message, /schedule "polynomial 4" is for several steps/);
});
