import test from 'ava';
import { type Curve, lineChart } from '../../plots/lines.js';
import { type SvgElement, svgElements } from './svg-elements.js';

const curves: Curve[] = [
  {
    label: 'joint',
    points: [
      { x: 1, y: 98, deviation: 1 },
      { x: 10, y: 95, deviation: 2 },
      { x: 100, y: 90, deviation: 5 },
    ],
  },
  {
    label: 'none',
    points: [
      { x: 1, y: 97 },
      { x: 100, y: 50 },
    ],
  },
];
const options = { title: 'Accuracy', x: 'sparsity', y: 'share' } as const;

/** The shapes of one kind. */
function shapes(svg: string, kind: 'line' | 'band' | 'points'): SvgElement[] {
  return svgElements(svg).filter(({ name, classes }) => name === 'path' && classes.includes(kind));
}

/** Where the points stand, from left to right in each curve. */
function positions(svg: string): number[][] {
  return shapes(svg, 'points').map(
    ({ attributes }) => attributes.transform.match(/-?[\d.]+/g)?.map(Number) ?? [],
  );
}

test('a line, a band and points for every curve, in its colour', async (t) => {
  const svg = await lineChart(curves, options);
  const lines = shapes(svg, 'line');
  t.is(lines.length, 2);
  t.not(lines[0].attributes.stroke, lines[1].attributes.stroke);
  const bands = shapes(svg, 'band');
  t.is(bands.length, 2);
  t.is(bands[0].attributes.fill, lines[0].attributes.stroke);
  t.is(shapes(svg, 'points').length, 5);
  const texts = svgElements(svg).map(({ text }) => text);
  for (const text of ['Accuracy', 'sparsity', 'share', 'joint', 'none']) {
    t.true(texts.includes(text), text);
  }
});

test('a band is one standard deviation to each side of its line', async (t) => {
  const svg = await lineChart(curves, options);
  const [band] = shapes(svg, 'band');
  const heights = [...band.attributes.d.matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)].map(([, , y]) =>
    Number(y),
  );
  const centre = positions(svg)
    .slice(0, 3)
    .map(([, y]) => y);
  t.is(heights.length, 6);
  // There along the lower edge, back along the upper one.
  const unit = (centre[1] - centre[0]) / 3; // 98 down to 95
  for (const [i, deviation] of [1, 2, 5].entries()) {
    const edges = [heights[i], heights[5 - i]].map((y) => Math.abs(y - centre[i]));
    for (const edge of edges) t.true(Math.abs(edge - deviation * unit) < 0.05, `${i}: ${edge}`);
  }
});

test('a logarithmic axis spaces decades evenly, a linear one does not', async (t) => {
  const logarithmic = positions(await lineChart(curves, { ...options, logarithmic: { x: true } }));
  const [first, second, third] = logarithmic.map(([x]) => x);
  t.true(Math.abs(third - second - (second - first)) < 0.01);
  const [one, ten, hundred] = positions(await lineChart(curves, options)).map(([x]) => x);
  t.true(Math.abs((hundred - one) / (ten - one) - 11) < 0.01);
});

test('the same curves give the same text', async (t) => {
  t.is(await lineChart(curves, options), await lineChart(structuredClone(curves), { ...options }));
});

test('a number the axis cannot show is refused by name', async (t) => {
  const broken = [{ label: 'joint', points: [{ x: 1, y: Number.NaN }] }];
  await t.throwsAsync(lineChart(broken, options), {
    instanceOf: RangeError,
    message: 'y of the curve joint must be finite, but is NaN',
  });
  const wide = [{ label: 'joint', points: [{ x: 1, y: 1, deviation: 2 }] }];
  await t.throwsAsync(lineChart(wide, { ...options, logarithmic: { y: true } }), {
    message: 'y of the curve joint must be finite and above 0, but is -1',
  });
});

test('curves beyond the last colour are told apart by dashes', async (t) => {
  const many = Array.from({ length: 10 }, (_, i) => ({ ...curves[1], label: `curve ${i}` }));
  const looks = shapes(await lineChart(many, options), 'line').map(
    ({ attributes }) => `${attributes.stroke} ${attributes['stroke-dasharray']}`,
  );
  t.is(new Set(looks).size, 10);
  t.is(new Set(looks.slice(0, 8).map((look) => look.split(' ')[1])).size, 1);
});

test('a label of a palette has its colour whatever curves there are, and no others in the legend', async (t) => {
  const palette = ['none', 'other', 'joint'];
  const both = await lineChart(curves, { ...options, palette });
  const alone = await lineChart(curves.slice(0, 1), { ...options, palette });
  const colours = (svg: string) => shapes(svg, 'line').map(({ attributes }) => attributes.stroke);
  t.is(colours(both)[0], colours(alone)[0]);
  t.not(colours(both)[0], colours(await lineChart(curves, options))[0]);
  t.false(svgElements(both).some(({ text }) => text === 'other'));
});
