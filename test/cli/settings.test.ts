import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import type { Option } from 'commander';
import { createProgram } from '../../src/cli/program.js';
import { readSettings } from '../../src/cli/settings/read-settings.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { writeModelFiles } from './model-files.js';
import { runCli } from './run-cli.js';

const schemaPath = new URL('../../../schemas/settings.schema.json', import.meta.url);
const schema = JSON.parse(await readFile(schemaPath, 'utf8'));

/** The flags of the commands that read settings, by name. */
const flags = new Map<string, Option>(
  createProgram()
    .commands.filter((command) => ['prune', 'plan', 'stats'].includes(command.name()))
    .flatMap(({ options }) => options.map((option) => [option.attributeName(), option])),
);
flags.delete('settings');

test('every flag is in the schema, and the other way round', (t) => {
  t.deepEqual(Object.keys(schema.properties).toSorted(), [...flags.keys()].toSorted());
  for (const [name, { argChoices, defaultValue, required }] of flags) {
    const property = schema.properties[name];
    t.deepEqual(property.enum, argChoices, name);
    t.is(property.type === 'boolean', !required, name);
    if (defaultValue !== undefined) {
      t.true(new Ajv2020({ allowUnionTypes: true }).validate(property, defaultValue), name);
    }
  }
});

test('a run by settings is that by the same flags; paths are relative to the file', async (t) => {
  const folder = await temporaryFolder(t);
  await writeModelFiles(folder);
  const [a, b] = ['a', 'b'].map((name) => join(folder, name));
  await Promise.all([a, b].map((path) => mkdir(path)));
  const args = [
    ...['--weights', 'model.safetensors', '--gradients', 'gradients.safetensors'],
    ...['--sparsity', 'fc1.weight=0.4', '--sparsity', 'fc2.weight=0.8', '--cost', 'fc1.weight=3'],
    ...['--block-size', '30', '--damping-sweep', '1e-3,1e-2', '--exclude', 'nothing'],
    ...['--threads', '1', '--memory-limit', '2000000000', '--out', 'a/out', '--stats', 'a/s'],
  ];
  const byFlags = await runCli(['prune', ...args], { cwd: folder });
  t.is(byFlags.code, 0, byFlags.stderr);
  const yaml = `# for the bench
weights: ../model.safetensors
gradients: [../gradients.safetensors]
sparsity:
  fc1.weight: 0.4
  fc2.weight: 0.8
cost: { fc1.weight: 3 }
blockSize: 30
dampingSweep: [1e-3, 1.0e-2]
exclude: nothing
threads: 1
memoryLimit: 2000000000
quiet: false
curve: [0.5] # of stats
out: out
stats: s
`;
  await writeFile(join(b, 'run.yaml'), yaml);
  const bySettings = await runCli(['prune', '--settings', 'b/run.yaml'], { cwd: folder });
  t.is(bySettings.code, 0, bySettings.stderr);
  t.deepEqual(await readFile(join(b, 'out')), await readFile(join(a, 'out')));
  const [x, y] = await Promise.all(
    [a, b].map(async (path) => JSON.parse(await readFile(join(path, 's'), 'utf8'))),
  );
  t.deepEqual({ ...x, phases: [] }, { ...y, phases: [] });
  t.is((await runCli(['plan', '--settings', join(b, 'run.yaml')], { cwd: b })).code, 0);
});

test('flags go before settings, wherever they stand, and before what contradicts them', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath } = await writeModelFiles(folder);
  const settings = {
    ...{ weights: 'nothing', gradients: ['nothing'], exclude: ['fc1'], sparsity: 0.1 },
    ...{ damping: 0.5, quiet: true, blockSize: 7, out: 'out' },
  };
  const path = join(folder, 'settings.json');
  await writeFile(path, JSON.stringify(settings));
  const given = ['--weights', weightsPath, '--relative-damping', '0.25', '--json'];
  const files = ['--gradients', join(folder, 'gradients.safetensors')];
  const after = ['--sparsity', '0.5', '--exclude', 'fc2', ...files];
  const { code, stdout, stderr } = await runCli(['prune', ...given, '--settings', path, ...after]);
  t.is(code, 0, stderr);
  const { sparsity, targetSparsity, damping, blockSize, kept } = JSON.parse(
    stdout.trim().split('\n').at(-1) ?? '',
  );
  t.deepEqual([sparsity, targetSparsity, blockSize], [undefined, 0.5, 7]);
  t.is(damping.relative, 0.25);
  t.deepEqual(
    kept.map(({ name }: { name: string }) => name),
    ['fc1.bias', 'fc2.weight'],
  );
});

const REFUSED: [title: string, name: string, text: string, message: RegExp][] = [
  [
    'an unknown key',
    'a.json',
    '{"sparsty": 1}',
    /no setting "sparsty"; they are .* \(line 1, column 2, byte 1\)/,
  ],
  [
    'a flag as it is on the command line',
    'a.yml',
    'weights: w\nblock-size: 3',
    /no setting "block-size"; it is blockSize \(line 2, column 1, byte 11\)/,
  ],
  ['a value out of range', 'a.yaml', 'é: 1\nblockSize: 0', /no setting "é"/],
  [
    'a value of another type',
    'a.yaml',
    'weights: é\nblockSize: "30"',
    /blockSize must be a whole number from 1 to 32767, but is "30" \(line 2, column 1, byte 12\)/,
  ],
  [
    'a value by name',
    'a.yaml',
    'sparsity:\n  fc: 1.5',
    /sparsity must be a number from 0 to 1.*but is 1\.5 at "fc" \(line 2, column 3/,
  ],
  [
    'an infinite one',
    'a.yaml',
    'damping: .inf',
    /damping must be a number above 0, but is Infinity/,
  ],
  ['a choice', 'a.yaml', 'solver: gramm', /solver must be one of auto, gram, .* but is "gramm"/],
  [
    'a key twice',
    'a.yaml',
    'sparsity: 1\nsparsity: 1',
    /a key twice \(line 2, column 1, byte 12\)/,
  ],
  ['JSON cut off', 'a.json', '{"sparsity": ', /\(line 1, column 14, byte 13\)/],
  ['no mapping', 'a.json', '[1]', /must hold settings by name, but is a list of 1/],
  ['bad UTF-8', 'a.json', '{"weights": "\xff"}', /not valid UTF-8 \(byte 13\)/],
  [
    'an alias bomb',
    'a.yaml',
    `a: &a [1,1,1,1,1,1,1,1]\nb: &b [${'*a,'.repeat(12)}]\nc: [${'*b,'.repeat(12)}]`,
    /alias/i,
  ],
  [
    'deep nesting',
    'a.json',
    `{"cost": ${'['.repeat(5e4)}`,
    /nested deeper than 16 levels \(line 1, column 25, byte 24\)/,
  ],
  ['an unknown tag', 'a.yaml', 'weights: !!python/object x', /tag/i],
  ['another kind of file', 'a.toml', '', /must be a \.json, \.yaml or \.yml file/],
];

for (const [title, name, text, message] of REFUSED) {
  test(`refused with the place: ${title}`, async (t) => {
    const path = join(await temporaryFolder(t), name);
    await writeFile(path, text, title === 'bad UTF-8' ? 'latin1' : 'utf8');
    await t.throwsAsync(readSettings(path), { code: 'ERR_WOODFISHER_FORMAT', message });
  });
}

test('what only the flags know is refused with the place, too, as the command line is', async (t) => {
  const path = join(await temporaryFolder(t), 'a.yaml');
  for (const [text, message] of [
    ['sparsity: 0.5\nschedule: round', /schedule: It must be one of cubic.*\(line 2, column 1/],
    ['exclude: ["a", "("]', /exclude: It must be a regular expression/],
    ['damping: 1\nrelativeDamping: 2', /damping cannot be used with relativeDamping/],
    ['blockSize: 0', /blockSize must be a whole number from 1 to 32767, but is 0/],
  ] as const) {
    await writeFile(path, text);
    const { code, stderr, stdout } = await runCli(['plan', '--settings', path, '--json']);
    t.is(code, 2, stderr);
    t.regex(stderr, message);
    t.is(stderr.trim().split('\n').length, 1);
    t.is(JSON.parse(stdout).code, 'ERR_WOODFISHER_USAGE');
  }
});

test('what is required may stand in settings, and is missed where it does not', async (t) => {
  const path = join(await temporaryFolder(t), 'a.yaml');
  await writeFile(path, '# nothing\n');
  const { code, stderr } = await runCli(['prune', '--settings', path]);
  t.is(code, 2);
  t.regex(stderr, /required option '--weights <file>' not specified/);
  t.deepEqual((await readSettings(path)).settings, {});
});
