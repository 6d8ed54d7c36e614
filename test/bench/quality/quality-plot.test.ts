import test from 'ava';
import { qualityPlot } from '../../../bench/quality/quality-plot.js';
import { svgElements } from '../../plots/svg-elements.js';
import { exampleCase, exampleResult } from './example-result.js';

test('two charts a network, also where nothing is wrong, or the deviation is larger than the mean', async (t) => {
  const svg = await qualityPlot(
    exampleResult([
      exampleCase({ sparsity: 0.9, mean: 1, sd: 0 }),
      exampleCase({ sparsity: 0.95, mean: 0.98, sd: 0.05 }),
      exampleCase({ samples: 100, tables: ['samples'], mean: 0.8, sd: null }),
    ]),
  );
  const elements = svgElements(svg);
  const charts = elements.filter(({ name }) => name === 'svg').slice(1);
  t.is(charts.length, 2);
  t.is(charts[0].attributes.x, '0');
  t.is(charts[1].attributes.x, charts[0].attributes.width);
  const texts = elements.map(({ text }) => text);
  for (const text of ['mnist, lenet-300-100', 'N = 1000', '95 % pruned', 'joint']) {
    t.true(texts.includes(text), text);
  }
});
