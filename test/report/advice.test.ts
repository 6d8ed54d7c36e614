import test from 'ava';
import { prune } from '../../src/index.js';
import { randomBatches, randomParameter, seeded } from '../random.js';

const random = seeded(71);
const parameters = [randomParameter('a', [4, 6], random), randomParameter('b', [5, 3], random)];
const gradients = randomBatches(parameters, [40], random);
const blockSize = 6;
const run = { parameters, gradients, blockSize, sparsity: 0.5 };

async function adviceFor(options: object): Promise<string[]> {
  return (await prune({ ...run, ...options })).statistics.advice;
}

test('settings that suit the gradients get no advice', async (t) => {
  t.deepEqual(await adviceFor({ damping: { relative: 0.01 } }), []);
});

test('a damping above the mean diagonal is told, with both numbers', async (t) => {
  const [near, ...others] = await adviceFor({ damping: 1 });
  t.deepEqual(others, []);
  t.regex(near, /damping dominates in all 2 parameters: in "[ab]" λ is 1 and the mean diagonal/);
  t.regex(near, /nearly by magnitude/);
  const [wholly] = await adviceFor({ damping: 1e3 });
  t.regex(wholly, /its weights are ranked by magnitude/);
});

test('only the parameters that a damping dominates are named', async (t) => {
  const [batch] = gradients;
  const weak = { ...batch, b: batch.b.map((g) => g / 1000) };
  const [sentence] = await adviceFor({ damping: 1e-3, gradients: [weak] });
  t.regex(sentence, /dominates in "b" of 2 parameters: in "b" λ is 0.001 and .* 3\.\d*e-7/);
});

test('a damping that float64 cannot resolve is told, with one that it can', async (t) => {
  const same = { a: new Float32Array(24 * 40).fill(1), b: new Float32Array(15 * 40).fill(1) };
  const [sentence, ...others] = await adviceFor({ damping: 1e-12, gradients: [same] });
  t.deepEqual(others, []);
  t.regex(sentence, /damping vanishes in all 2 parameters: in "[ab]" λ is 1e-12/);
  const enough = Number(/a damping of (\S+) would/.exec(sentence)?.[1]);
  t.true(enough > 1e-12);
  t.deepEqual(await adviceFor({ damping: 1.1 * enough, gradients: [same] }), []);
});

test('few samples are told beside the size of the blocks', async (t) => {
  const few = randomBatches(parameters, [5], random);
  const [sentence] = await adviceFor({ damping: { relative: 0.1 }, gradients: few });
  t.regex(sentence, /N = 5 for blocks of 6 weights; a block's Fisher knows 5 directions at most/);
});

test('without a Fisher there is nothing to advise', async (t) => {
  t.deepEqual(await adviceFor({ gradients: undefined, criterion: 'magnitude' }), []);
});
