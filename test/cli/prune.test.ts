import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { prune, type RunStatistics } from '../../src/index.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { inputFlags, writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

/** All tensors of a file, as float32 or, for masks, as bytes. */
async function tensorsOf(path: string): Promise<Map<string, Float32Array | Uint8Array>> {
  await using file = await openSafetensors(path);
  const tensors = new Map<string, Float32Array | Uint8Array>();
  for (const [name, { dtype }] of file.tensors) {
    tensors.set(name, dtype === 'U8' ? await file.readBytes(name) : await file.read(name));
  }
  return tensors;
}

test('the files are what the library gives, and the output lists what was kept', async (t) => {
  const folder = await temporaryFolder(t);
  const files = await writeModelFiles(folder);
  const { parameters, gradients, samples } = files;
  const [out, stats, masks] = ['p.safetensors', 's.json', 'm.safetensors'].map((name) =>
    join(folder, name),
  );
  for (const method of [
    { criterion: 'woodfisher', update: 'joint', scope: 'global', solver: 'auto' },
    { criterion: 'woodfisher', update: 'independent', scope: 'layer', solver: 'woodbury' },
    { criterion: 'diagonal-fisher', update: 'none', scope: 'global', solver: 'gram' },
    { criterion: 'magnitude', update: 'joint', scope: 'layer', solver: 'gram' },
    { criterion: 'woodfisher', selection: 'greedy', solver: 'gram' },
    { criterion: 'woodfisher', update: 'joint', 'first-order': 0.3 },
  ] as const) {
    const flags = Object.entries(method).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const { 'first-order': step, ...others } = { 'first-order': undefined, ...method };
    const own = [...inputFlags(files), '--out', out, ...flags];
    const more = ['--stats', stats, '--mask-out', masks, '--block-size', '30', '--damping', '1e-3'];
    const result = await runCli(['prune', ...own, ...more, '--sparsity', '0.7']);
    t.is(result.code, 0, result.stderr);
    t.regex(result.stdout, /kept \(fewer than two axes\): fc1\.bias/);
    const { statistics, parameters: expected } = await prune({
      ...others,
      firstOrder: step === undefined ? undefined : { step },
      parameters,
      gradients: [gradients],
      samples,
      sparsity: 0.7,
      blockSize: 30,
      damping: 1e-3,
    });
    const written = await tensorsOf(out);
    const mask = await tensorsOf(masks);
    t.deepEqual([...written.keys()], ['fc1.weight', 'fc1.bias', 'fc2.weight']);
    t.deepEqual([...mask.keys()], ['fc1.weight', 'fc2.weight']);
    for (const { name, data, mask: kept } of expected) {
      t.deepEqual(written.get(name), data);
      if (name !== 'fc1.bias') t.deepEqual(new Uint8Array(mask.get(name) ?? []), kept);
    }
    const found = JSON.parse(await readFile(stats, 'utf8')) as RunStatistics;
    t.deepEqual({ ...found, phases: [] }, { ...statistics, phases: [] });
  }
  await using model = await openSafetensors(out);
  t.deepEqual([...model.metadata], [['format', 'pt']]);
});

test('magnitude needs no gradients, and its update is none then', async (t) => {
  const folder = await temporaryFolder(t);
  const { parameters, weightsPath } = await writeModelFiles(folder);
  const out = join(folder, 'p.safetensors');
  const method = ['--criterion', 'magnitude', '--sparsity', '0.5'];
  const { code, stderr } = await runCli([
    ...['prune', '--weights', weightsPath, '--out', out, ...method, '--quiet'],
  ]);
  t.is(code, 0, stderr);
  t.is(stderr, '');
  const expected = await prune({ parameters, criterion: 'magnitude', sparsity: 0.5 });
  t.deepEqual((await tensorsOf(out)).get('fc2.weight'), expected.parameters[2].data);
});

for (const dtype of ['F16', 'BF16'] as const) {
  test(`a model in ${dtype} stays one, rounded to nearest even`, async (t) => {
    const folder = await temporaryFolder(t);
    const files = await writeModelFiles(folder, { dtype });
    const { weightsPath, gradients, parameters } = files;
    const out = join(folder, 'p.safetensors');
    const method = ['--sparsity', '0.5', '--solver', 'gram'];
    const { code, stderr } = await runCli(['prune', ...inputFlags(files), '--out', out, ...method]);
    t.is(code, 0, stderr);
    const rounded = await tensorsOf(weightsPath);
    const expected = await prune({
      parameters: parameters.map((p) => ({ ...p, data: rounded.get(p.name) as Float32Array })),
      gradients: [gradients],
      sparsity: 0.5,
    });
    await using file = await openSafetensors(out);
    t.is(file.tensors.get('fc1.weight')?.dtype, dtype);
    const written = await file.read('fc1.weight');
    const step = dtype === 'F16' ? 2 ** -11 : 2 ** -8;
    written.forEach((w, i) => {
      const exact = expected.parameters[0].data[i];
      t.true(Math.abs(w - exact) <= step * Math.abs(exact) + 1e-7);
      t.is(w === 0, exact === 0);
    });
    t.deepEqual(await file.readBytes('fc1.bias'), await bytesOf(weightsPath, 'fc1.bias'));
  });
}

async function bytesOf(path: string, name: string): Promise<Uint8Array> {
  await using file = await openSafetensors(path);
  return await file.readBytes(name);
}

test('--output-axis last blocks along the last axis', async (t) => {
  const folder = await temporaryFolder(t);
  const files = await writeModelFiles(folder);
  const { parameters, gradients } = files;
  const out = join(folder, 'p.safetensors');
  const method = ['--sparsity', '0.8', '--block-size', '10', '--output-axis', 'last'];
  const { code } = await runCli(['prune', ...inputFlags(files), '--out', out, ...method]);
  t.is(code, 0);
  const expected = await prune({
    parameters: parameters.map((parameter) => ({ ...parameter, outputAxis: -1 })),
    gradients: [gradients],
    sparsity: 0.8,
    blockSize: 10,
    samples: 23,
  });
  t.deepEqual((await tensorsOf(out)).get('fc1.weight'), expected.parameters[0].data);
});

test('--json prints one object a line: kept, progress, and the statistics last', async (t) => {
  const folder = await temporaryFolder(t);
  const files = await writeModelFiles(folder);
  const out = join(folder, 'p.safetensors');
  const { code, stdout, stderr } = await runCli([
    ...['prune', ...inputFlags(files), '--out', out, '--sparsity', '0.8', '--json'],
  ]);
  t.is(code, 0);
  t.is(stderr, '');
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    events.filter(({ event }) => event === 'kept').map(({ name }) => name),
    ['fc1.bias'],
  );
  t.true(events.some(({ event, phase }) => event === 'progress' && phase === 'accumulate'));
  const last = events.at(-1);
  t.is(last.event, 'done');
  t.is(last.totals.prunedNow, Math.floor(0.8 * 171 + 0.5));
  t.is(last.written.weights, out);
});

test('without a binary the JavaScript engine gives the same masks, with one warning', async (t) => {
  const folder = await temporaryFolder(t);
  const files = await writeModelFiles(folder);
  const [a, b] = ['a', 'b'].map((name) => join(folder, name));
  const common = [
    ...['prune', ...inputFlags(files), '--sparsity', '0.8', '--out', join(folder, 'p')],
  ];
  const env = { WOODFISHER_BINARY: join(folder, 'nothing.node') };
  const without = await runCli([...common, '--mask-out', a], { env });
  t.is(without.code, 0, without.stderr);
  t.is(without.stderr.split('JavaScript engine').length - 1, 1);
  t.is((await runCli([...common, '--mask-out', b, '--engine', 'javascript'])).code, 0);
  t.deepEqual(await readFile(a), await readFile(b));
});
