import test from 'ava';
import { judgeQuality } from '../../../bench/quality/figures.js';
import { exampleCase, exampleResult } from './example-result.js';

const lucky = exampleCase({ method: 'joint', mean: 0.99, heldOut: 0.96 });
const chosen = exampleCase({ method: 'greedy', mean: 0.974, heldOut: 0.975, samples: 400 });

test('the best recipe is that of the held-out images, whatever the test images say', (t) => {
  t.deepEqual(judgeQuality(exampleResult([lucky, chosen])), [
    {
      subject: 'mnist/lenet-300-100',
      sparsity: 0.95,
      method: 'greedy',
      samples: 400,
      wanted: 0.975,
      reached: 0.974,
      ok: false,
    },
  ]);
});

test('a figure that is just reached is reached', (t) => {
  const [figure] = judgeQuality(exampleResult([{ ...chosen, mean: 0.975 }]));
  t.true(figure.ok);
});

test('quick results, other networks and other sparsities are not judged', (t) => {
  const [figure] = judgeQuality(exampleResult([chosen], true));
  t.is(figure.ok, null);
  t.deepEqual(judgeQuality(exampleResult([exampleCase({ sparsity: 0.5 })])), []);
  t.deepEqual(judgeQuality(exampleResult([exampleCase({ network: 'mlpnet' })])), []);
});
