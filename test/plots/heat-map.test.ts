import test from 'ava';
import { heatMap } from '../../plots/heat-map.js';
import { type SvgElement, svgElements } from './svg-elements.js';

const options = { title: 'a & b', subtitle: 'block 1' };

/** The colour of every cell that a path covers, by row and column. */
function cellsOf(svg: string): Map<string, string> {
  const cells = new Map<string, string>();
  for (const { attributes } of cellPaths(svg)) {
    let [x, y] = [0, -0.5];
    for (const [, letter, numbers] of attributes.d.matchAll(/([Mmh])([^Mmh]+)/g)) {
      const [dx, dy = 0] = numbers.split(' ').map(Number);
      if (letter === 'M') [x, y] = [dx, dy - 0.5];
      if (letter === 'm') [x, y] = [x + dx, y + dy];
      if (letter !== 'h') continue;
      for (let i = 0; i < dx; i++, x++) cells.set(`${y},${x}`, attributes.stroke);
    }
  }
  return cells;
}

function cellPaths(svg: string): SvgElement[] {
  return svgElements(svg).filter(({ name, attributes }) => name === 'path' && !attributes.fill);
}

test('every cell that is not 0 has the colour of its sign, equal ones the same', (t) => {
  const cells = cellsOf(heatMap([4, 1, -4, 0, 4, 4, -1, 0, 4], options));
  t.deepEqual([...cells.keys()].sort(), ['0,0', '0,1', '0,2', '1,1', '1,2', '2,0', '2,2']);
  t.is(cells.get('0,0'), '#b2182b');
  t.is(cells.get('1,1'), '#b2182b');
  t.is(cells.get('1,2'), '#b2182b');
  t.is(cells.get('0,2'), '#054a91');
  // Half as strong: the square root of a quarter.
  t.is(cells.get('0,1'), '#d98c95');
  t.not(cells.get('2,0'), cells.get('0,1'));
});

test('neighbours of one shade are one line', (t) => {
  const [path, ...others] = cellPaths(heatMap(new Float64Array(16).fill(2), options));
  t.is(others.length, 0);
  t.is(path.attributes.d.match(/h/g)?.length, 4);
});

test('a matrix of zeros is white', (t) => {
  t.is(cellPaths(heatMap(new Float64Array(9), options)).length, 0);
});

test('the largest entry and both titles are there as text', (t) => {
  const texts = svgElements(heatMap([0.5, 0, 0, -0.25], options)).map(({ text }) => text);
  for (const text of ['a & b', 'block 1', '0.50', '−0.50', '0']) t.true(texts.includes(text), text);
});

test('parts are drawn as lines between rows and columns', (t) => {
  const svg = heatMap(new Float64Array(36), { ...options, parts: [2, 4] });
  const line = svgElements(svg).find(({ name, attributes }) => name === 'path' && attributes.fill);
  t.is(line?.attributes.d, 'M2 0V6M0 2H6M4 0V6M0 4H6');
});

test('what cannot be shown is refused', (t) => {
  t.throws(() => heatMap([1, 2, 3], options), {
    instanceOf: RangeError,
    message: 'a heat map must have n × n values, but has 3',
  });
  t.throws(() => heatMap([], options), { instanceOf: RangeError });
  t.throws(() => heatMap([0, Number.NaN, 0, 0], options), {
    message: 'value 1 of the heat map must be finite, but is NaN',
  });
});
