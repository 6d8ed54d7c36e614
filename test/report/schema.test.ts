import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { CRITERIA } from '../../src/criteria/score.js';
import { MAX_STEPS, PRESETS, prune, SCHEDULES, SELECTIONS } from '../../src/index.js';
import { MAX_BLOCK_SIZE } from '../../src/options.js';
import { STATISTICS_VERSION } from '../../src/report/statistics.js';
import { SCOPES } from '../../src/selection/budgets.js';
import { SOLVER_OPTIONS } from '../../src/solvers/choose.js';
import { UPDATE_RULES } from '../../src/updates/apply.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(12);
const parameters = [randomParameter('a', [6, 7], random), randomParameter('b', [4], random)];
const gradients = randomBatches(parameters, [5], random);
const mask = Uint8Array.from({ length: 42 }, (_, i) => i % 3 && 1);
const path = new URL('../../../schemas/statistics.schema.json', import.meta.url);
const schema = JSON.parse(await readFile(path, 'utf8'));

for (const [title, options] of Object.entries({
  'with a Fisher': { gradients },
  'of a layer scope with woodbury': { gradients, scope: 'layer', solver: 'woodbury', samples: 5 },
  'of the diagonal Fisher': { gradients, criterion: 'diagonal-fisher', update: 'none' },
  'of greedy steps with a line search': {
    gradients: () => gradients,
    selection: 'greedy',
    steps: 3,
    firstOrder: true,
    loss: (all: readonly { data: Float32Array }[]) => Math.max(...all[0].data),
  },
  'of a loss that is not always finite': {
    gradients,
    firstOrder: true,
    loss: (all: readonly { data: Float32Array }[]) => (all[0].data[0] === 0 ? 1 : Number.NaN),
  },
  'of a sweep of dampings': { gradients, dampingSweep: [1e-3, { relative: 0.1 }] },
  'of a relative damping': { gradients, damping: { relative: 0.1 } },
  'by magnitude': { criterion: 'magnitude' },
  'of groups with FLOPs': { gradients, pattern: '1x2', targetFlops: 0.5, cost: { a: 3 } },
  'of n:m': { gradients, pattern: '2:4', sparsity: undefined },
  'by parameter': { gradients, sparsity: { a: 0.4 } },
  'of a model pruned before': {
    gradients,
    parameters: [{ ...parameters[0], mask }, parameters[1]],
  },
  'of a model that is pruned wholly': {
    criterion: 'magnitude',
    parameters: [{ ...parameters[0], mask: new Uint8Array(42) }],
  },
} as const)) {
  test(`the statistics ${title} are as the schema says`, async (t) => {
    const { statistics } = await prune({ parameters, sparsity: 0.5, ...options });
    const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);
    const valid = validate(JSON.parse(JSON.stringify(statistics)));
    t.true(valid, JSON.stringify(validate.errors));
  });
}

test('the schema knows every choice that the library has', (t) => {
  const { properties, $defs } = schema;
  const solvers = SOLVER_OPTIONS.filter((name) => name !== 'auto');
  t.deepEqual(properties.criterion.enum.toSorted(), CRITERIA.toSorted());
  t.deepEqual(properties.update.enum.toSorted(), UPDATE_RULES.toSorted());
  t.deepEqual(properties.scope.enum.toSorted(), SCOPES.toSorted());
  t.deepEqual(properties.selection.enum.toSorted(), SELECTIONS.toSorted());
  const [named] = properties.schedule.anyOf;
  t.deepEqual(named.enum.toSorted(), [...SCHEDULES, null].toSorted());
  t.deepEqual(properties.preset.enum.toSorted(), [...PRESETS, null].toSorted());
  t.is(properties.steps.maxItems, MAX_STEPS);
  t.deepEqual($defs.solver.properties.name.enum.toSorted(), solvers.toSorted());
  t.is(properties.blockSize.maximum, MAX_BLOCK_SIZE);
  t.is(properties.version.const, STATISTICS_VERSION);
});

test('a member that the schema does not know is refused', async (t) => {
  const { statistics } = await prune({ parameters, sparsity: 0.5, criterion: 'magnitude' });
  const validate = new Ajv2020({ strict: true }).compile(schema);
  t.true(validate(statistics));
  t.false(validate({ ...statistics, more: 1 }));
});
