import test from 'ava';
import { tile } from '../../plots/tile.js';
import { svgElements } from './svg-elements.js';

function chart(width: number, height: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g/></svg>`;
}

test('charts stand beside each other and rows below each other, none on another', (t) => {
  const svg = tile([[chart(100, 40), chart(30, 60)], [chart(20, 10)], []]);
  const [all, ...charts] = svgElements(svg).filter(({ name }) => name === 'svg');
  t.like(all.attributes, { width: '130', height: '70', viewBox: '0 0 130 70' });
  t.deepEqual(
    charts.map(({ attributes: { x, y, width, height } }) => [x, y, width, height]),
    [
      ['0', '0', '100', '40'],
      ['100', '0', '30', '60'],
      ['0', '60', '20', '10'],
    ],
  );
});

test('a text without a size is refused', (t) => {
  t.throws(() => tile([['<svg height="3"/>']]), { message: /width and height/ });
  t.throws(() => tile([['<g width="3" height="3"/>']]), { message: /must begin with <svg/ });
});
