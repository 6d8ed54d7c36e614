import test from 'ava';
import { resolvedOptions } from '../../../bench/quality/methods.js';
import { type Choice, settle } from '../../../bench/quality/settle.js';

const full = { quick: false };

test('without a choice: two tables, three seeds, and what cannot run is told', (t) => {
  const { subjects, methods, sparsities, samples, seeds, skipped } = settle(full);
  t.true(subjects.length >= 2);
  t.true(methods.some(({ name }) => name === 'joint'));
  t.deepEqual(seeds, [1, 2, 3]);
  t.deepEqual(samples, [100, 200, 400, 1_000, 4_000]);
  t.is(sparsities[0], 0.5);
  t.is(sparsities.at(-1), 0.98);
  for (const name of Object.keys(skipped))
    t.false(
      methods.some((one) => one.name === name),
      name,
    );
});

test('what is chosen is what is run', (t) => {
  const { subjects, methods, sparsities, samples, seeds } = settle({
    ...full,
    only: ['mnist'],
    networks: ['mlpnet'],
    methods: ['greedy', 'magnitude'],
    sparsities: [0.9, 0.9],
    samples: false,
    seeds: [7],
  });
  t.deepEqual(
    subjects.map(({ name }) => name),
    ['mnist/mlpnet'],
  );
  t.deepEqual(
    methods.map(({ name }) => name),
    ['magnitude', 'greedy'],
  );
  t.deepEqual([sparsities, samples, seeds], [[0.9], [], [7]]);
});

const refused: [Partial<Choice>, RegExp][] = [
  [{ only: ['cifar'] }, /--only must be of mnist\/lenet-300-100, .* but is "cifar"/],
  [{ networks: ['resnet'] }, /--networks must be of lenet-300-100, mlpnet, but is "resnet"/],
  [{ methods: ['joynt'] }, /--methods must be of random, .* but is "joynt"/],
  [{ sparsities: [95] }, /--sparsities must be from 0 to 1, but is 95/],
  [{ samples: [0] }, /--samples must be from 1 to 55000, but is 0/],
  [{ seeds: [0.5] }, /--seeds must be from 0 to 1000000, but is 0.5/],
  [{ only: ['mnist/lenet'], networks: ['mlpnet'] }, /has none of --only/],
];

for (const [choice, message] of refused) {
  test(`${JSON.stringify(choice)} is refused`, (t) => {
    t.throws(() => settle({ ...full, ...choice }), { instanceOf: RangeError, message });
  });
}

test('--quick takes two steps at most, those of a preset included', (t) => {
  for (const method of settle({ quick: true }).methods) {
    t.true((resolvedOptions(method).steps ?? 1) <= 2, method.name);
  }
});
