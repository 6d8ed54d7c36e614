import test from 'ava';
import {
  BlockFisher,
  type Parameter,
  type Pattern,
  prune,
  type SolverName,
} from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { constrainedMinimum, fisher, quadraticForm } from '../oracle/dense.js';
import { randomArray, randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(31);
/** One block a parameter, so that the oracle is one dense matrix; [out, in] and [in, out]. */
const parameters: Parameter[] = [
  randomParameter('first', [6, 7], random),
  { ...randomParameter('last', [8, 5], random), outputAxis: -1 },
];
const SAMPLES = 20;
const [gradients] = randomBatches(parameters, [SAMPLES], random);
const DAMPING = 1e-3;

function oracle({ name, data }: Parameter, gone: readonly number[]): number {
  const samples = Array.from({ length: SAMPLES }, (_, n) => [
    ...gradients[name].subarray(n * data.length, (n + 1) * data.length),
  ]);
  const f = fisher(samples, DAMPING);
  return quadraticForm(f, constrainedMinimum(f, [...data], gone)) / 2;
}

/** Groups by the definition, as flat indices of the model's layout. */
function groupsOf({ shape, outputAxis }: Parameter, pattern: string, axis: 'in' | 'out') {
  const [rows, columns] = shape;
  const outputsFirst = outputAxis !== -1;
  const along = (axis === 'in') === outputsFirst ? 1 : 0;
  const lines =
    along === 1
      ? Array.from({ length: rows }, (_, i) =>
          Array.from({ length: columns }, (_, j) => i * columns + j),
        )
      : Array.from({ length: columns }, (_, j) =>
          Array.from({ length: rows }, (_, i) => i * columns + j),
        );
  if (pattern === 'rows' || pattern === 'columns') return lines;
  const size = Number(/\d+$/.exec(pattern)?.[0]);
  return lines.flatMap((line) =>
    Array.from({ length: Math.floor(line.length / size) }, (_, t) =>
      line.slice(t * size, (t + 1) * size),
    ),
  );
}

const CASES: readonly {
  pattern: Exclude<Pattern, object>;
  patternAxis?: 'in' | 'out';
  along: 'in' | 'out';
}[] = [
  { pattern: '1x2', along: 'in' },
  { pattern: '1x3', patternAxis: 'in', along: 'in' },
  { pattern: '1x4', patternAxis: 'out', along: 'out' },
  { pattern: 'rows', along: 'in' },
  { pattern: 'columns', along: 'out' },
];

for (const engine of ENGINES) {
  for (const solver of ['gram', 'woodbury', 'dual'] as SolverName[]) {
    test(`the groups that go are the cheapest by the formula (${engine}, ${solver})`, async (t) => {
      const options = { gradients: [gradients], solver, engine, damping: DAMPING, blockSize: 64 };
      for (const { pattern, patternAxis, along } of CASES) {
        const groups = parameters.flatMap((parameter, p) =>
          groupsOf(parameter, pattern, along).map((group) => ({
            p,
            group,
            cost: oracle(parameter, group),
          })),
        );
        const sorted = groups.toSorted((a, b) => a.cost - b.cost);
        const sparsity = 0.4;
        const expected = parameters.map(({ data }) => new Uint8Array(data.length).fill(1));
        let gone = 0;
        for (const { p, group } of sorted) {
          if (gone >= Math.floor(sparsity * 82 + 0.5)) break;
          for (const i of group) expected[p][i] = 0;
          gone += group.length;
        }
        const given = { ...options, samples: SAMPLES, parameters, pattern, patternAxis, sparsity };
        const { parameters: pruned, statistics } = await prune(given);
        t.deepEqual(
          pruned.map(({ mask }) => [...mask]),
          expected.map((mask) => [...mask]),
          `${pattern} ${patternAxis}`,
        );
        t.is(statistics.pattern, pattern);
        t.is(statistics.totals.prunedNow, gone);
        statistics.parameters.forEach((one, p) => {
          const own = groups.filter((group) => group.p === p);
          const inGroups = own.reduce((sum, { group }) => sum + group.length, 0);
          t.is(one.groups?.groups, own.length);
          t.is(one.groups?.dense, one.size - inGroups);
          t.false(one.groups?.summed);
          const least = Math.min(...own.map(({ cost }) => cost));
          t.true(Math.abs((one.saliency?.[0].value ?? Number.NaN) - least) <= 1e-6 * least);
        });
      }
    });

    test(`n:m leaves exactly n of m, and the cheapest choice (${engine}, ${solver})`, async (t) => {
      for (const patternAxis of ['in', 'out'] as const) {
        const { parameters: pruned, statistics } = await prune({
          parameters,
          ...{ gradients: [gradients], samples: SAMPLES, damping: DAMPING, blockSize: 64 },
          ...{ solver, engine, pattern: '1:3', patternAxis },
        });
        t.is(statistics.targetSparsity, null);
        t.is(statistics.threshold, null);
        parameters.forEach((parameter, p) => {
          const { mask } = pruned[p];
          const groups = groupsOf(parameter, '1:3', patternAxis);
          const whole = new Set(groups.flat());
          mask.forEach((kept, i) => {
            if (!whole.has(i)) t.is(kept, 1);
          });
          for (const group of groups) {
            const gone = group.filter((i) => mask[i] === 0);
            t.is(gone.length, 2);
            const costs = group.map((kept) =>
              oracle(
                parameter,
                group.filter((i) => i !== kept),
              ),
            );
            const least = Math.min(...costs);
            t.true(oracle(parameter, gone) <= least * (1 + 1e-6));
          }
        });
      }
    });
  }

  test(`a group in several blocks costs the sum of its parts (${engine})`, async (t) => {
    const shape = [5, 23];
    const wide = randomParameter('wide', shape, random);
    const [batch] = randomBatches([wide], [30], random);
    const indices = Array.from({ length: 115 }, (_, i) => i);
    const fisherOf = await BlockFisher.create({ parameters: [wide], blockSize: 10, engine });
    await fisherOf.add(batch);
    const inverse = await fisherOf.invert({ damping: DAMPING });
    const blocks = Array.from({ length: 12 }, (_, b) => indices.slice(10 * b, 10 * b + 10));
    for (const [pattern, groupOf] of [
      ['rows', (i: number) => Math.floor(i / 23)],
      ['columns', (i: number) => i % 23],
    ] as const) {
      const parts = blocks.flatMap((block) => {
        const numbers = [...new Set(block.map(groupOf))];
        return numbers.map((g) => ({ g, members: block.filter((i) => groupOf(i) === g) }));
      });
      const costs = await inverse.groupSaliency(
        'wide',
        parts.map(({ members }) => members),
      );
      const sums = new Map<number, number>();
      parts.forEach(({ g }, i) => {
        sums.set(g, (sums.get(g) ?? 0) + costs[i]);
      });
      const [cheapest] = [...sums].toSorted(([, a], [, b]) => a - b)[0];
      const result = await prune({
        ...{ parameters: [wide], gradients: [batch], damping: DAMPING, blockSize: 10, engine },
        ...{ pattern, sparsity: 1 / 115 },
      });
      const [{ mask }] = result.parameters;
      t.deepEqual(
        indices.filter((i) => mask[i] === 0),
        indices.filter((i) => groupOf(i) === cheapest),
      );
      // Rows of 23 do not fit blocks of 10, columns are one weight of each row.
      t.true(result.statistics.parameters[0].groups?.summed);
    }
    await fisherOf.dispose();
  });

  test(`named sets may span parameters and go as one (${engine})`, async (t) => {
    const heads = Array.from({ length: 3 }, (_, h) => ({
      name: `head ${h}`,
      members: {
        first: Array.from({ length: 14 }, (_, i) => 14 * h + i),
        last: h === 2 ? [] : Array.from({ length: 8 }, (_, i) => 5 * i + h),
      },
    }));
    const costs = heads.map(({ members }) =>
      parameters.reduce((sum, p) => sum + oracle(p, members[p.name as 'first']), 0),
    );
    const cheapest = costs.indexOf(Math.min(...costs));
    const options = {
      ...{ parameters, gradients: [gradients], damping: DAMPING, blockSize: 64, engine },
      sparsity: 0.1,
    };
    const { parameters: pruned, statistics } = await prune({
      ...options,
      pattern: { sets: heads },
    });
    parameters.forEach(({ name, data }, p) => {
      const gone = heads[cheapest].members[name as 'first'];
      t.deepEqual(
        [...pruned[p].mask],
        Array.from({ length: data.length }, (_, i) => Number(!gone.includes(i))),
      );
    });
    t.is(statistics.parameters[1].groups?.dense, 24);
    const twice = [{ name: 'a', members: { first: [3, 3] } }];
    await t.throwsAsync(prune({ ...options, pattern: { sets: twice } }), {
      message: /weight 3 of parameter "first" must be in one set and once/,
    });
    const unknown = [{ name: 'a', members: { other: [3] } }];
    await t.throwsAsync(prune({ ...options, pattern: { sets: unknown } }), {
      message: /set "a" has weights of "other", which is no prunable parameter/,
    });
    const outside = [{ name: 'a', members: { first: [42] } }];
    await t.throwsAsync(prune({ ...options, pattern: { sets: outside } }), {
      message: /indices of parameter "first" from 0 to 41, but holds 42/,
    });
  });

  test(`what was pruned before leaves its group, and counts as pruned for n:m (${engine})`, async (t) => {
    const masked = parameters.map((parameter) => {
      const mask = parameter.data.map(() => Number(random() < 0.6));
      return { ...parameter, mask: Uint8Array.from(mask) };
    });
    const before = masked.map(({ mask }) => mask);
    const base = { parameters: masked, gradients: [gradients], blockSize: 20, engine };
    const { parameters: pruned } = await prune({ ...base, pattern: '2:4' });
    pruned.forEach(({ mask }, p) => {
      mask.forEach((kept, i) => {
        t.true(kept <= before[p][i]);
      });
      for (const group of groupsOf(parameters[p], '2:4', 'in')) {
        const there = group.filter((i) => before[p][i] === 1).length;
        t.is(group.filter((i) => mask[i] === 1).length, Math.min(2, there));
      }
    });
    const zeroed = masked.map(({ mask, ...parameter }) => ({
      ...parameter,
      data: parameter.data.map((w, i) => w * mask[i]),
    }));
    for (const pattern of ['unstructured', '1x2', 'rows'] as const) {
      const options = { ...base, pattern, sparsity: 0.7 };
      const declared = await prune({ ...options, parameters: zeroed, zerosArePruned: true });
      const given = await prune(options);
      t.deepEqual(declared.parameters, given.parameters);
      t.is(declared.statistics.totals.prunedBefore, given.statistics.totals.prunedBefore);
    }
  });

  test(`criteria without interaction sum over the group, magnitude as squares (${engine})`, async (t) => {
    const options = { parameters, engine, sparsity: 2 / 82, pattern: '1x2' } as const;
    const { parameters: pruned } = await prune({ ...options, criterion: 'magnitude' });
    const all = parameters.flatMap((parameter, p) =>
      groupsOf(parameter, '1x2', 'in').map((group) => ({
        p,
        group,
        cost: group.reduce((sum, i) => sum + parameter.data[i] ** 2, 0),
      })),
    );
    const cheapest = all.toSorted((a, b) => a.cost - b.cost)[0];
    const gone = pruned.flatMap(({ mask }, p) =>
      [...mask.keys()].filter((i) => mask[i] === 0).map((i) => ({ p, i })),
    );
    t.deepEqual(
      gone,
      cheapest.group.map((i) => ({ p: cheapest.p, i })),
    );
    const diagonal = await prune({
      ...options,
      ...{ criterion: 'diagonal-fisher', gradients: [gradients], sparsity: undefined },
      pattern: '1:2',
    });
    diagonal.parameters.forEach(({ mask }, p) => {
      for (const group of groupsOf(parameters[p], '1:2', 'in')) {
        t.is(group.filter((i) => mask[i] === 1).length, 1);
      }
    });
  });

  test(`select of a Fisher gives the masks of prune, factored gradients too (${engine})`, async (t) => {
    const dense: Parameter = { ...randomParameter('dense', [9, 6], random), outputAxis: -1 };
    const inputs = randomArray(15 * 9, random);
    const deltas = randomArray(15 * 6, random);
    const whole = new Float32Array(15 * 54);
    whole.forEach((_, i) => {
      const n = Math.floor(i / 54);
      whole[i] = inputs[9 * n + Math.floor((i % 54) / 6)] * deltas[6 * n + (i % 6)];
    });
    for (const patternAxis of ['in', 'out'] as const) {
      const base = { parameters: [dense], blockSize: 12, engine, patternAxis };
      const options = { ...base, pattern: '1x3' } as const;
      const direct = await prune({ ...options, gradients: [{ dense: whole }], sparsity: 0.5 });
      const factored = await BlockFisher.create(options);
      await factored.add({ dense: { inputs, deltas } });
      const inverse = await factored.invert();
      const masks = await inverse.select({ sparsity: 0.5 });
      t.deepEqual(masks.dense, direct.parameters[0].mask);
      const again = await inverse.select({ sparsity: 0.5, scope: 'layer' });
      t.deepEqual(again.dense, masks.dense);
      await factored.dispose();
    }
  });
}
