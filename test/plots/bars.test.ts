import test from 'ava';
import { type Bar, barChart } from '../../plots/bars.js';
import { svgElements } from './svg-elements.js';

const bars: Bar[] = [
  { group: 'first', label: 'a & <b>', value: 10 },
  { group: 'first', label: 'c', value: 100 },
  { group: 'second', label: 'c', value: 1000 },
];
const options = { title: 'Times', subtitle: 'here', axis: 'ratio', format: '.3~r' } as const;

/** Length and colour of each bar, top to bottom; Vega draws one as a path `M0,yhLENGTHv…`. */
function drawnBars(svg: string): { length: number; fill: string }[] {
  return svgElements(svg)
    .filter(({ name, classes }) => name === 'path' && classes.includes('bars'))
    .map(({ attributes }) => ({
      length: Number(attributes.d.match(/h(-?[\d.]+)/)?.[1]),
      fill: attributes.fill,
    }));
}

function texts(svg: string): string[] {
  return svgElements(svg)
    .filter(({ name }) => name === 'text')
    .map(({ text }) => text);
}

test('a bar a value, in its label’s colour, on a logarithmic axis', async (t) => {
  const drawn = drawnBars(await barChart(bars, { ...options, logarithmic: true }));
  t.is(drawn.length, 3);
  const [ten, hundred, thousand] = drawn.map(({ length }) => length);
  t.true(ten > 0);
  t.true(Math.abs(hundred - 2 * ten) < 0.01 && Math.abs(thousand - 3 * ten) < 0.01);
  t.is(drawn[1].fill, drawn[2].fill);
  t.not(drawn[0].fill, drawn[1].fill);
});

test('a linear axis begins at 0', async (t) => {
  const [ten, hundred, thousand] = drawnBars(await barChart(bars, options));
  t.true(Math.abs(hundred.length - 10 * ten.length) < 0.01);
  t.true(Math.abs(thousand.length - 100 * ten.length) < 0.1);
});

test('titles, groups, labels and values are there as text', async (t) => {
  const found = texts(await barChart(bars, { ...options, logarithmic: true }));
  for (const text of ['Times', 'here', 'ratio', 'first', 'second', 'a & <b>', 'c', '10', '100']) {
    t.true(found.includes(text), text);
  }
});

test('values below 1 have bars too', async (t) => {
  const below = { group: 'first', label: 'c', value: 0.02 };
  const drawn = drawnBars(await barChart([...bars, below], { ...options, logarithmic: true }));
  t.true(drawn.every(({ length }) => length > 0));
});

test('the same bars give the same text', async (t) => {
  t.is(await barChart(bars, options), await barChart(structuredClone(bars), { ...options }));
});

test('no bars are an empty chart', async (t) => {
  const svg = await barChart([], { ...options, logarithmic: true });
  t.is(drawnBars(svg).length, 0);
  t.true(texts(svg).includes('Times'));
});

test('a value the axis cannot show is refused by name', async (t) => {
  const zero = [{ group: 'first', label: 'c', value: 0 }];
  await t.notThrowsAsync(barChart(zero, options));
  await t.throwsAsync(barChart(zero, { ...options, logarithmic: true }), {
    instanceOf: RangeError,
    message: 'the bar first, c must be finite and above 0, but is 0',
  });
  const endless = [{ group: 'first', label: 'c', value: Number.POSITIVE_INFINITY }];
  await t.throwsAsync(barChart(endless, options), { message: /at least 0, but is Infinity/ });
});
