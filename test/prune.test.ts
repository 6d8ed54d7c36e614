import test from 'ava';
import { BlockFisher, type Parameter, prune } from '../src/index.js';
import { ENGINES } from './engines.js';
import { randomArray, randomBatches, randomParameter, seeded } from './random.js';

const random = seeded(7);
const parameters: Parameter[] = [
  randomParameter('conv', [5, 3, 3, 2], random),
  { ...randomParameter('bias', [5], random) },
  randomParameter('dense', [12, 9], random),
];
const prunable = parameters.filter(({ name }) => name !== 'bias');
const gradients = randomBatches(prunable, [7, 20, 3], random);
const SIZE = 90 + 108;

function zeros(mask: Uint8Array): number {
  return mask.reduce((count, kept) => count + 1 - kept, 0);
}

/** [before, outputs, after] → [outputs, before, after] */
function outputsFirst(data: Float32Array, [before, outputs, after]: number[]): Float32Array {
  const out = new Float32Array(data.length);
  for (let b = 0; b < before; b++) {
    for (let o = 0; o < outputs; o++) {
      for (let a = 0; a < after; a++) {
        out[(o * before + b) * after + a] = data[(b * outputs + o) * after + a];
      }
    }
  }
  return out;
}

for (const engine of ENGINES) {
  for (const scope of ['global', 'layer'] as const) {
    test(`counts are exact, rounded half up, from 0 to 1 (${engine}, ${scope})`, async (t) => {
      for (const sparsity of [0, 1 / SIZE / 2, 0.123, 0.5, 0.77, 1 - 1 / SIZE / 2, 1]) {
        const { parameters: pruned, statistics } = await prune({
          parameters,
          gradients,
          sparsity,
          scope,
          engine,
          blockSize: 11,
        });
        const counts = pruned.map(({ mask }) => zeros(mask));
        t.is(counts[1], 0);
        if (scope === 'global') t.is(counts[0] + counts[2], Math.floor(sparsity * SIZE + 0.5));
        else {
          t.is(counts[0], Math.floor(sparsity * 90 + 0.5));
          t.is(counts[2], Math.floor(sparsity * 108 + 0.5));
        }
        t.is(statistics.totals.prunedNow, counts[0] + counts[2]);
        for (const { data, mask } of pruned) {
          mask.forEach((kept, i) => {
            if (kept === 0) t.is(data[i], 0);
          });
        }
        t.deepEqual(pruned[1].data, parameters[1].data);
      }
    });
  }

  test(`a sparsity of 0 changes nothing, one of 1 leaves nothing (${engine})`, async (t) => {
    const none = await prune({ parameters, gradients, sparsity: 0, engine });
    none.parameters.forEach(({ data }, i) => {
      t.deepEqual(data, parameters[i].data);
    });
    const nothing = { quadratic: 0, linear: 0 };
    t.deepEqual(none.statistics.predictedLossChange, { ...nothing, withoutUpdate: nothing });
    const all = await prune({ parameters, gradients, sparsity: 1, engine });
    t.true(all.parameters[0].data.every((w) => w === 0));
    t.true(all.parameters[2].data.every((w) => w === 0));
  });

  test(`equal scores go by parameter, then by index in the model's layout (${engine})`, async (t) => {
    const equal: Parameter[] = [
      { name: 'a', shape: [4, 6], data: new Float32Array(24).fill(-0.5), outputAxis: 1 },
      { name: 'b', shape: [300, 300], data: new Float32Array(90_000).fill(0.5), outputAxis: -1 },
      { name: 'c', shape: [2, 2], data: new Float32Array(4).fill(0.5) },
    ];
    for (const count of [1, 5, 24, 25, 24 + 70_001, 90_024, 90_026]) {
      const { parameters: pruned } = await prune({
        parameters: equal,
        sparsity: count / 90_028,
        criterion: 'magnitude',
        engine,
        blockSize: 7,
      });
      const mask = pruned.flatMap((parameter) => [...parameter.mask]);
      t.is(mask.indexOf(1), count);
      t.is(mask.lastIndexOf(0), count - 1);
    }
  });

  test(`magnitude needs no gradients and prunes the smallest weights (${engine})`, async (t) => {
    const { parameters: pruned, statistics } = await prune({
      parameters,
      sparsity: 0.6,
      criterion: 'magnitude',
      engine,
    });
    const all = prunable.flatMap(({ data }) => [...data].map(Math.abs)).sort((a, b) => a - b);
    const threshold = all[Math.floor(0.6 * SIZE + 0.5) - 1];
    t.is(statistics.threshold, threshold);
    t.is(statistics.solver, null);
    t.is(statistics.predictedLossChange, null);
    for (const { data } of pruned.filter(({ name }) => name !== 'bias')) {
      t.true(data.every((w) => w === 0 || Math.abs(w) > threshold));
    }
  });

  test(`outputAxis equals moving the axis by hand (${engine})`, async (t) => {
    const shape = [4, 6, 5];
    for (const [axis, [before, outputs, after]] of [
      [1, [4, 6, 5]],
      [-1, [24, 5, 1]],
    ] as const) {
      const parameter = { ...randomParameter('w', shape, random), outputAxis: axis };
      const sizes = [before, outputs, after];
      const batch = randomBatches([parameter], [17], random)[0].w;
      const moved = new Float32Array(batch.length);
      for (let n = 0; n < 17; n++) {
        moved.set(outputsFirst(batch.subarray(n * 120, (n + 1) * 120), sizes), n * 120);
      }
      const options = { sparsity: 0.7, engine, blockSize: 8 };
      const [own, by] = await Promise.all([
        prune({ ...options, parameters: [parameter], gradients: [{ w: batch }] }),
        prune({
          ...options,
          parameters: [
            { name: 'w', shape: [120], data: outputsFirst(parameter.data, sizes), prunable: true },
          ],
          gradients: [{ w: moved }],
        }),
      ]);
      t.deepEqual(outputsFirst(own.parameters[0].data, sizes), by.parameters[0].data);
      t.deepEqual(own.statistics.predictedLossChange, by.statistics.predictedLossChange);
    }
  });

  test(`weights pruned before stay pruned, are counted, and leave the Fisher (${engine})`, async (t) => {
    const first = await prune({ parameters, gradients, sparsity: 0.4, engine, blockSize: 11 });
    const again = parameters.map((parameter, i) => ({
      ...parameter,
      data: first.parameters[i].data.map((w, j) => (first.parameters[i].mask[j] === 0 ? 9 : w)),
      mask: parameter.name === 'bias' ? undefined : first.parameters[i].mask,
    }));
    const second = await prune({
      parameters: again,
      gradients,
      sparsity: 0.7,
      engine,
      blockSize: 11,
    });
    const { totals } = second.statistics;
    t.is(totals.prunedBefore, Math.floor(0.4 * SIZE + 0.5));
    t.is(totals.prunedBefore + totals.prunedNow, Math.floor(0.7 * SIZE + 0.5));
    second.parameters.forEach(({ data, mask }, p) => {
      first.parameters[p].mask.forEach((kept, i) => {
        if (kept === 0) t.true(mask[i] === 0 && data[i] === 0);
      });
    });
    // Gradients at pruned weights do not matter.
    const noisy = gradients.map((batch) => {
      const changed = batch.dense.slice();
      again[2].mask?.forEach((kept, i) => {
        if (kept === 0) for (let n = 0; n < changed.length; n += 108) changed[n + i] = 1e6;
      });
      return { ...batch, dense: changed };
    });
    const third = await prune({
      parameters: again,
      gradients: noisy,
      sparsity: 0.7,
      engine,
      blockSize: 11,
    });
    t.deepEqual(third.parameters, second.parameters);
    // A lower sparsity resurrects nothing.
    const lower = await prune({ parameters: again, gradients, sparsity: 0.1, engine });
    t.is(lower.statistics.totals.prunedNow, 0);
  });

  test(`joint is never worse than independent, nor that than none, in predicted loss (${engine})`, async (t) => {
    for (const solver of ['gram', 'woodbury'] as const) {
      for (const sparsity of [0.2, 0.5, 0.8, 0.95]) {
        const [joint, independent, none] = await Promise.all(
          (['joint', 'independent', 'none'] as const).map(async (update) => {
            const options = { parameters, gradients, sparsity, update, solver, engine };
            const { statistics } = await prune({ ...options, samples: 30, blockSize: 13 });
            return statistics.predictedLossChange?.quadratic ?? Number.NaN;
          }),
        );
        t.true(joint <= independent * (1 + 1e-6) && joint <= none * (1 + 1e-6));
        t.true(joint > 0);
      }
    }
  });

  test(`the cut into batches changes the result by rounding alone (${engine})`, async (t) => {
    const whole = prunable.map(({ name }): [string, Float32Array] => [
      name,
      Float32Array.from(gradients.flatMap((batch) => [...batch[name]])),
    ]);
    const single = Array.from({ length: 30 }, (_, n) =>
      Object.fromEntries(
        prunable.map(({ name, data }, p): [string, Float32Array] => [
          name,
          whole[p][1].subarray(n * data.length, (n + 1) * data.length),
        ]),
      ),
    );
    for (const solver of ['gram', 'woodbury'] as const) {
      const runs = await Promise.all(
        [gradients, [Object.fromEntries(whole)], single].map((source) =>
          prune({
            parameters,
            gradients: source,
            sparsity: 0.8,
            solver,
            samples: 30,
            damping: 1e-2,
            engine,
          }),
        ),
      );
      for (const run of runs.slice(1)) {
        run.parameters.forEach(({ data, mask }, p) => {
          t.deepEqual(mask, runs[0].parameters[p].mask);
          data.forEach((w, i) => {
            const expected = runs[0].parameters[p].data[i];
            t.true(Math.abs(w - expected) <= 1e-6 * (1 + Math.abs(expected)));
          });
        });
      }
    }
  });

  test(`the parts give what prune gives (${engine})`, async (t) => {
    const options = { parameters, engine, blockSize: 11 };
    await using fisher = await BlockFisher.create(options);
    for (const batch of gradients) await fisher.add(batch);
    const inverse = await fisher.invert();
    const masks = await inverse.select({ sparsity: 0.75 });
    const { weights, predictedLossChange } = await inverse.update({ masks });
    const whole = await prune({ ...options, gradients, sparsity: 0.75 });
    for (const { name } of prunable) {
      const pruned = whole.parameters.find((parameter) => parameter.name === name);
      t.deepEqual(pruned?.mask, masks[name]);
      t.deepEqual(pruned?.data, weights[name]);
      const statistics = whole.statistics.parameters.find((parameter) => parameter.name === name);
      t.deepEqual(statistics?.predictedLossChange, predictedLossChange[name]);
      const saliency = [...(await inverse.saliency())[name]].sort((a, b) => a - b);
      for (const { quantile, value } of statistics?.saliency ?? []) {
        t.is(value, saliency[Math.max(0, Math.ceil(quantile * saliency.length) - 1)]);
      }
      t.true((statistics?.condition ?? 0) >= 1);
    }
    const squares = gradients.reduce(
      (sum, batch) => sum + batch.dense.reduce((a, g) => a + g * g, 0),
      0,
    );
    const trace = whole.statistics.parameters[1].fisherTrace ?? 0;
    t.true(Math.abs(trace - squares / 30) <= 1e-9 * trace);
  });
}

for (const engine of ENGINES) {
  for (const solver of ['gram', 'dual', 'woodbury'] as const) {
    test(`factors give what their products give (${engine}, ${solver})`, async (t) => {
      for (const outputAxis of [0, 1, 2, -1]) {
        const shape = [6, 4, 5];
        const parameter = { ...randomParameter('w', shape, random), outputAxis };
        const outputs = shape.at(outputAxis) ?? 0;
        const inner = 120 / outputs;
        const k = 13;
        const inputs = randomArray(k * inner, random);
        const deltas = randomArray(k * outputs, random);
        const products = new Float32Array(k * 120);
        for (let n = 0; n < k; n++) {
          for (let i = 0; i < 120; i++) {
            // The place of i among the outputs, and among the rest of the tensor.
            const place = [Math.floor(i / 20), Math.floor(i / 5) % 4, i % 5];
            const [o] = place.splice(outputAxis, 1);
            const sizes = shape.slice();
            sizes.splice(outputAxis, 1);
            products[n * 120 + i] =
              deltas[n * outputs + o] * inputs[n * inner + place[0] * sizes[1] + place[1]];
          }
        }
        const options = { parameters: [parameter], sparsity: 0.6, blockSize: 17, samples: k };
        const [whole, factored] = await Promise.all(
          [products, { inputs, deltas }].map((w) =>
            prune({ ...options, solver, engine, damping: 1e-2, gradients: [{ w }] }),
          ),
        );
        t.deepEqual(factored.parameters[0].mask, whole.parameters[0].mask);
        whole.parameters[0].data.forEach((w, i) => {
          t.true(Math.abs(w - factored.parameters[0].data[i]) <= 1e-5 * (1 + Math.abs(w)));
        });
      }
    });
  }
}

test('the input is changed only where inPlace asks for it', async (t) => {
  const before = parameters.map(({ data }) => data.slice());
  const copy = await prune({ parameters, gradients, sparsity: 0.9 });
  t.deepEqual(
    parameters.map(({ data }) => data),
    before,
  );
  const own = parameters.map((parameter) => ({ ...parameter, data: parameter.data.slice() }));
  const inPlace = await prune({ parameters: own, gradients, sparsity: 0.9, inPlace: true });
  inPlace.parameters.forEach(({ data }, i) => {
    t.is(data, own[i].data);
    t.deepEqual(data, copy.parameters[i].data);
  });
});

test('gradients may come from any iterable, and of parameters that are not pruned too', async (t) => {
  const expected = await prune({ parameters, gradients, sparsity: 0.5 });
  async function* later() {
    for (const batch of gradients) yield { ...batch, bias: new Float32Array(3).fill(Number.NaN) };
  }
  const result = await prune({ parameters, gradients: later(), sparsity: 0.5 });
  t.deepEqual(result.parameters, expected.parameters);
});

test('a source may use shared memory again when it is asked for the next batch', async (t) => {
  const expected = await prune({ parameters, gradients, sparsity: 0.5 });
  const shared = Object.fromEntries(
    prunable.map(({ name, data }): [string, Float32Array] => [
      name,
      new Float32Array(new SharedArrayBuffer(20 * data.length * 4)),
    ]),
  );
  function* reusing() {
    for (const batch of gradients) {
      for (const array of Object.values(shared)) array.fill(Number.NaN);
      yield Object.fromEntries(
        Object.entries(batch).map(([name, values]): [string, Float32Array] => {
          shared[name].set(values);
          return [name, shared[name].subarray(0, values.length)];
        }),
      );
    }
  }
  const result = await prune({ parameters, gradients: reusing(), sparsity: 0.5 });
  t.deepEqual(result.parameters, expected.parameters);
});

test('progress tells each phase, samples first, and ends at the total', async (t) => {
  const events: string[] = [];
  await prune({
    parameters,
    gradients,
    samples: 30,
    sparsity: 0.5,
    onProgress: ({ phase, done, total }) => {
      if (done === total) events.push(phase);
    },
  });
  const phases = [...new Set(events)];
  t.deepEqual(phases, ['accumulate', 'invert', 'score', 'select', 'update']);
});
