import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { RunStatistics } from '../../src/index.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

test('a Fisher that was saved prunes as its gradients do, at any sparsity and damping', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const at = (name: string): string => join(folder, name);
  const fisher = at('f.safetensors');
  const prune = async (...flags: string[]): Promise<string> => {
    const result = await runCli(['prune', '--weights', weightsPath, ...flags]);
    t.is(result.code, 0, result.stderr);
    return result.stdout;
  };
  const method = ['--block-size', '30', '--solver', 'gram'];
  const first = ['--gradients', gradientsPath, '--save-fisher', fisher, '--sparsity', '0.5'];
  t.regex(await prune(...first, ...method, '--out', at('half')), /fisher: .*f\.safetensors/);
  const other = ['--sparsity', '0.8', '--relative-damping', '0.1', '--damping-over', 'model'];
  await prune('--gradients', gradientsPath, ...method, ...other, '--out', at('expected'));
  const saved = ['--fisher', fisher, ...other, '--out', at('saved'), '--stats', at('stats')];
  t.regex(await prune(...saved), /23 samples, blocks of 30, damping 0\.1 × the mean diagonal of/);
  t.deepEqual(await readFile(at('saved')), await readFile(at('expected')));
  const statistics = JSON.parse(await readFile(at('stats'), 'utf8')) as RunStatistics;
  t.deepEqual(statistics.damping, { relative: 0.1, over: 'model' });
});

test('compact blocks are cut from what --mask-in keeps, and a saved Fisher knows of them', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const at = (name: string): string => join(folder, name);
  const prune = async (...flags: string[]): Promise<string> => {
    const result = await runCli(['prune', '--weights', weightsPath, ...flags]);
    t.is(result.code, 0, result.stderr);
    return result.stdout;
  };
  const out = ['--out', at('half'), '--mask-out', at('mask')];
  await prune('--criterion', 'magnitude', '--sparsity', '0.5', ...out);
  const further = ['--mask-in', at('mask'), '--sparsity', '0.8', '--stats', at('stats')];
  const compact = ['--gradients', gradientsPath, '--blocks', 'compact', '--block-size', '30'];
  const saved = ['--save-fisher', at('fisher'), '--out', at('expected')];
  t.regex(await prune(...further, ...compact, ...saved), /23 samples, compact blocks of 30,/);
  const statistics = JSON.parse(await readFile(at('stats'), 'utf8')) as RunStatistics;
  t.is(statistics.blocks, 'compact');
  for (const { blocks, size, prunedBefore } of statistics.parameters) {
    t.is(blocks, Math.ceil((size - prunedBefore) / 30));
  }
  await prune(...further, '--fisher', at('fisher'), '--out', at('loaded'));
  t.deepEqual(await readFile(at('loaded')), await readFile(at('expected')));
  const files = ['--weights', weightsPath, '--fisher', at('fisher'), '--out', at('other')];
  const asked = ['--blocks', 'parameter', '--mask-in', at('mask'), '--sparsity', '0.8'];
  const other = await runCli(['prune', ...files, ...asked]);
  t.is(other.code, 1, other.stderr);
  t.regex(other.stderr, /--blocks of .* is compact, but parameter is asked for/);
});

test('a sweep of dampings, the form of the Fisher and advice are told', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath, gradientsPath } = await writeModelFiles(folder);
  const files = ['--weights', weightsPath, '--gradients', gradientsPath, '--sparsity', '0.5'];
  const form = ['--examples-per-sample', '8', '--fisher-scale', 'examples', '--centred'];
  const sweep = ['--damping', '1e2', '--damping-sweep', '1e2,1e-2', '--block-size', '10'];
  const out = ['--out', join(folder, 'out'), '--stats', join(folder, 'stats')];
  const { code, stdout, stderr } = await runCli(['prune', ...files, ...form, ...sweep, ...out]);
  t.is(code, 0, stderr);
  t.regex(stdout, /23 samples of 8 examples, on the scale of examples, centred, blocks of 10/);
  t.regex(stdout, /sweep, damping 100: ½δᵀFδ \S+ \(\S+ without λ\)\n/);
  t.regex(stdout, /sweep, damping 0\.01: .*, prunes \S+ % of what the first prunes/);
  t.regex(stdout, /advice: damping dominates in all 2 parameters/);
  const statistics = JSON.parse(await readFile(join(folder, 'stats'), 'utf8')) as RunStatistics;
  t.deepEqual(statistics.fisher, {
    examplesPerSample: 8,
    fisherScale: 'examples',
    centred: true,
  });
});

test('flags that do not go together are refused before anything is read', async (t) => {
  const files = ['--weights', 'w', '--sparsity', '0.5', '--out', 'o'];
  const refused = async (flags: string[], message: RegExp): Promise<void> => {
    const { code, stderr } = await runCli(['prune', ...files, ...flags]);
    t.is(code, 2, stderr);
    t.regex(stderr, message);
  };
  await refused(['--fisher', 'f', '--gradients', 'g'], /--fisher stands in place of --gradients/);
  await refused(
    ['--fisher', 'f', '--save-fisher', 'g'],
    /--save-fisher saves the Fisher of --grad/,
  );
  await refused(['--gradients', 'g', '--damping-over', 'model'], /give --relative-damping/);
  const two = ['--damping', '1', '--relative-damping', '1'];
  await refused(['--gradients', 'g', ...two], /cannot be used with option/);
  await refused(['--gradients', 'g', '--damping-sweep', '1,x'], /must be a number/);
});
