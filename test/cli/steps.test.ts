import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { openModelFiles } from '../../src/formats/safetensors/model-files.js';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { type GradientStep, type Parameter, prune } from '../../src/index.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { TOY_SHAPES, toyGradients, toyLoss, toyWeights } from './jobs/toy.js';
import { gradientsCommand, lossCommand, writeToy } from './jobs/toy-files.js';
import { writeGradients } from './model-files.js';
import { runCli } from './run-cli.js';

const SETTINGS = ['--sparsity', '0.6', '--block-size', '60', '--damping', '1e-3'];

/** All weights of parameters as one vector. */
function joined(parameters: readonly { data: Float32Array }[]): Float32Array {
  return Float32Array.from(parameters.flatMap(({ data }) => [...data]));
}

test('steps with commands are those of prune() with functions, and the loss is shown', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  const out = join(folder, 'out.safetensors');
  const maskOut = join(folder, 'mask.safetensors');
  const stats = join(folder, 'stats.json');
  const commands = ['--gradients-command', gradientsCommand(), '--loss-command', lossCommand()];
  const method = ['--steps', '3', '--first-order', 'line-search', ...SETTINGS];
  const before = await readdir(folder);
  const outputs = ['--out', out, '--mask-out', maskOut, '--stats', stats];
  const run = await runCli(['prune', ...weights, ...commands, ...method, ...outputs]);
  t.is(run.code, 0, run.stderr);
  t.deepEqual(
    (await readdir(folder)).sort(),
    [...before, 'out.safetensors', 'mask.safetensors', 'stats.json'].sort(),
  );
  t.regex(run.stderr, /^gradients of step 3$/m, 'what the command prints is passed on');
  t.regex(run.stdout, /^measured loss change: .* before, .* after\)$/m);

  await using model = await openModelFiles(weights[1]);
  const parameters: Parameter[] = [];
  for (const [name, shape] of Object.entries(TOY_SHAPES)) {
    parameters.push({ name, shape, data: await model.read(name) });
  }
  const expected = await prune({
    ...{ parameters, sparsity: 0.6, blockSize: 60, damping: 1e-3, steps: 3 },
    firstOrder: { step: 'line-search' },
    loss: (now) => toyLoss(joined(now)),
    gradients: ({ index, parameters: now }: GradientStep) => [
      toyGradients(joined(now), 40, index + 1),
    ],
  });
  await using written = await openSafetensors(out);
  await using masks = await openSafetensors(maskOut);
  for (const { name, data, mask } of expected.parameters) {
    t.deepEqual(await written.read(name), data);
    t.deepEqual(await masks.readBytes(name), mask);
  }
  t.deepEqual([...written.tensors.keys()], [...model.tensors.keys()]);
  t.deepEqual([...written.metadata], [['format', 'pt']]);
  const told = JSON.parse(await readFile(stats, 'utf8'));
  t.deepEqual(told.steps, JSON.parse(JSON.stringify(expected.statistics.steps)));
  t.deepEqual(told.measuredLoss, {
    before: toyLoss(await toyWeights(weights[1])),
    after: told.steps[2].firstOrder.search.lossAfter,
  });
});

test('without a line search the loss is measured before the first step and after each', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  const log = join(folder, 'log');
  const out = join(folder, 'out.safetensors');
  const jobs = ['--gradients-command', gradientsCommand(`30 "${log}"`)];
  const args = [...jobs, '--loss-command', lossCommand(`"${log}"`), ...SETTINGS, '--out', out];
  const run = await runCli(['prune', ...weights, ...args, '--steps', '2', '--json']);
  t.is(run.code, 0, run.stderr);
  t.is(
    await readFile(log, 'utf8'),
    ['gradients 1', 'loss', 'loss', 'gradients 2', 'loss', ''].join('\n'),
  );
  const events = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const losses = events.filter(({ event }) => event === 'loss').map(({ loss }) => loss);
  const done = events.at(-1);
  t.is(losses[0], toyLoss(await toyWeights(weights[1])));
  t.is(losses[2], toyLoss(await toyWeights(out)));
  t.deepEqual(
    done.steps.map(({ measuredLoss }: { measuredLoss: unknown }) => measuredLoss),
    [
      { before: losses[0], after: losses[1] },
      { before: losses[1], after: losses[2] },
    ],
  );
  t.deepEqual(done.measuredLoss, { before: losses[0], after: losses[2] });

  // The gradients of the first step may be there.
  const pruned = await readFile(out);
  const first = join(folder, 'first.safetensors');
  const taken = toyGradients(await toyWeights(weights[1]), 30, 1);
  const shapes = Object.entries(TOY_SHAPES).map(([name, shape]) => ({ name, shape }));
  await writeGradients(first, shapes, taken);
  await writeFile(log, '');
  const second = await runCli(['prune', ...weights, ...args, '--steps', '2', '--gradients', first]);
  t.is(second.code, 0, second.stderr);
  t.is(await readFile(log, 'utf8'), ['loss', 'loss', 'gradients 2', 'loss', ''].join('\n'));
  t.deepEqual(await readFile(out), pruned);
});

test('a loss goes with gradients that are there, with magnitude, and with a plan', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  const out = join(folder, 'out.safetensors');
  const gradients = join(folder, 'gradients.safetensors');
  const shapes = Object.entries(TOY_SHAPES).map(([name, shape]) => ({ name, shape }));
  await writeGradients(gradients, shapes, toyGradients(await toyWeights(weights[1]), 30, 1));
  for (const source of [
    ['--gradients', gradients],
    ['--criterion', 'magnitude'],
    ['--gradients', gradients, '--memory', '100MB'],
  ]) {
    const loss = ['--loss-command', lossCommand()];
    const run = await runCli([
      ...['prune', ...weights, ...source, ...loss, '--sparsity', '0.5', '--out', out, '--json'],
    ]);
    t.is(run.code, 0, run.stderr);
    const done = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '');
    t.deepEqual(done.measuredLoss, {
      before: toyLoss(await toyWeights(weights[1])),
      after: toyLoss(await toyWeights(out)),
    });
  }
  const jobs = ['--gradients-command', gradientsCommand(), '--steps', '4'];
  const plan = await runCli(['plan', ...weights, ...jobs, '--sparsity', '0.5', '--memory', '90MB']);
  t.is(plan.code, 0, plan.stderr);
  t.regex(plan.stdout, /planned: 250 weights in 1 slab /);
});

test('preset best, in shards of BF16, with gradients in several files', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder, { dtype: 'BF16', sharded: true });
  const seen = join(folder, 'seen.json');
  const script = join(folder, 'look.mjs');
  // Looks at its arguments, then does as the other one.
  await writeFile(
    script,
    `import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
const [weights, mask, samples, ...command] = process.argv.slice(2);
writeFileSync(${JSON.stringify(seen)}, JSON.stringify({ files: readdirSync(weights), mask, samples }));
execFileSync(command[0], command.slice(1), { stdio: 'inherit' });`,
  );
  const gradients = `"${process.execPath}" "${script}" {weights} {mask} {samples} ${gradientsCommand('30 "" split')}`;
  const jobs = ['--gradients-command', gradients, '--loss-command', lossCommand()];
  const out = ['--out', join(folder, 'out')];
  const method = ['--preset', 'best', '--steps', '2', '--sparsity', '0.5', '--json'];
  const run = await runCli(['prune', ...weights, ...jobs, ...method, ...out]);
  t.is(run.code, 0, run.stderr);
  const done = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '');
  t.is(done.preset, 'best');
  t.is(done.blocks, 'compact');
  t.is(done.samples, 30);
  t.deepEqual(done.totals.prunedNow, 125);
  t.is(done.steps[1].firstOrder.search.tried[0].step, 0);
  const { files, mask, samples } = JSON.parse(await readFile(seen, 'utf8'));
  t.deepEqual(files.sort(), ['model.safetensors.index.json', 'one', 'two']);
  t.regex(mask, /mask\.safetensors$/);
  t.is(samples, '2200', 'what the preset is made for at the second step');
});

test('a command that fails, and one that does not do what it has to, end the run with code 3', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  const node = `"${process.execPath}"`;
  const before = await readdir(folder);
  const prunes = async (gradients: string, ...rest: string[]) => {
    const out = ['--out', join(folder, 'out.safetensors')];
    const args = ['prune', ...weights, '--gradients-command', gradients, ...SETTINGS, ...out];
    const run = await runCli([...args, '--steps', '2', ...rest]);
    t.deepEqual(await readdir(folder), before);
    return run;
  };
  const exits = await prunes(`${node} -e "console.log('said'); process.exit(7)" {weights} {out}`);
  t.is(exits.code, 3);
  t.is(exits.stdout, '');
  t.regex(exits.stderr, /^said$/m);
  t.regex(exits.stderr, /^error: --gradients-command failed with exit code 7: .* -e /m);
  const dies = await prunes(`${node} -e "process.kill(process.pid, 'SIGKILL')" {weights} {out}`);
  t.is(dies.code, 3);
  t.regex(dies.stderr, /^error: --gradients-command was ended by SIGKILL: /m);
  const none = await prunes('no-such-program-here {weights} {out}');
  t.is(none.code, 3);
  t.regex(none.stderr, /cannot start "no-such-program-here": there is no such program/);
  const idle = await prunes(`${node} -e 0 {weights} {out}`);
  t.is(idle.code, 3);
  t.regex(idle.stderr, /ended with exit code 0, but wrote no \{out\}/);
  const empty = await prunes(`${node} -e "fs.mkdirSync(process.argv[2])" {weights} {out}`);
  t.is(empty.code, 3);
  t.regex(empty.stderr, /made a folder of \{out\}, but no \.safetensors or \.npy file in it/);
  const text = await prunes(
    gradientsCommand(),
    ...['--loss-command', `${node} -e "console.log('loss: 1')" {weights}`],
  );
  t.is(text.code, 3);
  t.regex(text.stderr, /as a number on its last line, but it printed "loss: 1"/);

  const wrong = await prunes(
    `${node} -e "fs.cpSync(process.argv[1], process.argv[2])" {weights} {out}`,
  );
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /^error: --gradients-command, step 1 of 2: .*"a\.weight"/m);
  const count = await prunes(gradientsCommand('9'), '--samples', '10');
  t.is(count.code, 1);
  t.regex(count.stderr, /step 1 of 2: samples must be those of the gradients, 9, but is 10/);
});

test('flags that do not go together are refused, with the rule', async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeToy(folder);
  const out = ['--out', join(folder, 'out.safetensors')];
  const gradients = ['--gradients-command', 'x {weights} {out}'];
  for (const [args, message] of [
    [['--steps', '2'], /--steps 2 takes gradients again at each step.*give --gradients-command/],
    [['--preset', 'best'], /--preset best takes gradients again/],
    [[...gradients, '--preset', 'best'], /--preset best searches .* give --loss-command/],
    [[...gradients, '--first-order', 'line-search'], /line-search searches by .* --loss-command/],
    [[...gradients, '--first-order', 'search'], /must be a number from 0 to 1, or line-search/],
    [[...gradients, '--allow-missing'], /--allow-missing keeps what --gradients have not/],
    [['--gradients-command', 'x {weights} {out} {samples}'], /\{samples\} .* stands for --samples/],
    [['--gradients-command', 'x {weights}'], /must have \{weights\}, \{out\}/],
    [['--loss-command', 'x'], /must have \{weights\}/],
  ] as const) {
    const run = await runCli(['prune', ...weights, ...args, '--sparsity', '0.5', ...out]);
    t.is(run.code, 2, args.join(' '));
    t.regex(run.stderr, message);
  }
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Serial: it is timed.
  test.serial(`${signal} ends the command, and what it has started, within a second`, async (t) => {
    const folder = await temporaryFolder(t);
    const weights = await writeToy(folder);
    const script = join(folder, 'stay.mjs');
    const pids = join(folder, 'pids');
    // It does not mind SIGTERM, and has a child.
    await writeFile(
      script,
      `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
process.on('SIGTERM', () => {});
const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
writeFileSync(${JSON.stringify(pids)}, process.pid + ' ' + child.pid);
console.log('staying');
setTimeout(() => {}, 60000);`,
    );
    const command = `"${process.execPath}" "${script}" {weights} {out}`;
    const out = join(folder, 'out.safetensors');
    let sent = 0;
    const args = ['--gradients-command', command, ...SETTINGS, '--steps', '2', '--out', out];
    const { code, stderr } = await runCli(['prune', ...weights, ...args], {
      onStderr: (text, kill) => {
        if (sent > 0 || !text.includes('staying')) return;
        sent = performance.now();
        kill(signal);
      },
    });
    t.is(code, signal === 'SIGINT' ? 130 : 143, stderr);
    t.true(performance.now() - sent < 2000, 'it ends soon');
    t.regex(stderr, new RegExp(`^error: interrupted by ${signal}$`, 'm'));
    await setTimeout(50);
    for (const pid of (await readFile(pids, 'utf8')).split(' ')) {
      t.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
    }
    t.deepEqual((await readdir(folder)).sort(), ['model.safetensors', 'pids', 'stay.mjs']);
  });
}
