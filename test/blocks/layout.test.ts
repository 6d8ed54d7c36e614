import test from 'ava';
import fc from 'fast-check';
import { blockShape } from '../../src/blocks/block-shape.js';
import { cutBlocks } from '../../src/blocks/cut-blocks.js';
import { parsePattern } from '../../src/blocks/pattern.js';

const plans = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }),
  last: fc.boolean(),
  size: fc.integer({ min: 2, max: 5 }),
  axis: fc.constantFrom('in', 'out'),
  blockSize: fc.integer({ min: 1, max: 60 }),
} as const);

/** Coordinates in the model of each weight in block order. */
function coordinates(
  shape: readonly number[],
  { outputs, before, after }: { outputs: number; before: number; after: number },
): number[][] {
  const places: number[][] = [];
  for (let o = 0; o < outputs; o++) {
    for (let b = 0; b < before; b++) {
      for (let a = 0; a < after; a++) {
        let flat = (b * outputs + o) * after + a;
        const place = shape.map(() => 0);
        for (let i = shape.length - 1; i >= 0; i--) {
          place[i] = flat % shape[i];
          flat = Math.floor(flat / shape[i]);
        }
        places.push(place);
      }
    }
  }
  return places;
}

test('groups are neighbours along their axis, none straddles blocks, the rest of an axis is in none', (t) => {
  const property = fc.property(plans, ({ shape, last, size, axis, blockSize }) => {
    const outputAxis = last ? shape.length - 1 : 0;
    const inputAxis = last ? shape.length - 2 : 1;
    const along = axis === 'in' ? inputAxis : outputAxis;
    const pattern = parsePattern(`1x${size}`, axis);
    const parameter = { name: 'w', shape, outputAxis };
    const layout = blockShape(parameter, { blockSize, pattern });
    const { groups, order, size: weights, blockCount, blockOrder } = layout;
    if (groups?.grid === undefined) return t.fail();
    const places = coordinates(shape, order);
    const members = Array.from({ length: groups.count }, (): number[] => []);
    let dense = 0;
    for (let c = 0; c < weights; c++) {
      const g = groups.of(c);
      if (g === -1) dense++;
      else members[g].push(c);
      // The rest beyond whole groups is dense, nothing else is.
      const whole = Math.floor(shape[along] / size) * size;
      t.is(g === -1, places[c][along] >= whole);
    }
    t.is(dense, groups.dense);
    for (const group of members) {
      t.is(group.length, size);
      const first = places[group[0]];
      t.is(first[along] % size, 0);
      group.forEach((c, i) => {
        const expected = [...first];
        expected[along] += i;
        t.deepEqual(places[c], expected);
      });
    }
    // Group numbers stand in the model's layout as their first weights do.
    const flat = (place: readonly number[]) =>
      place.reduce((index, value, i) => index * shape[i] + value, 0);
    const numbers = members.map((group, g) => ({ at: flat(places[group[0]]), g }));
    const { outputs, before, after } = groups.order;
    const index = (g: number): number => {
      if (before === 1) return g;
      const rest = g % (before * after);
      const o = Math.floor(g / (before * after));
      return (Math.floor(rest / after) * outputs + o) * after + (rest % after);
    };
    const byModel = [...numbers].sort((a, b) => a.at - b.at).map(({ g }) => index(g));
    t.deepEqual(byModel, [...byModel.keys()]);

    const starts = [...cutBlocks(weights, blockSize, groups.grid)];
    t.is(starts.length, blockCount + 1);
    const lengths = starts.slice(1).map((end, b) => end - starts[b]);
    t.is(Math.max(...lengths), blockOrder);
    t.true(lengths.every((length) => length >= 1 && length <= blockSize));
    if (groups.grid.size * groups.grid.step > blockSize) return;
    for (const group of members) {
      const blocks = group.map((c) => starts.findIndex((start) => start > c) - 1);
      t.is(new Set(blocks).size, 1);
    }
  });
  t.notThrows(() => fc.assert(property, { numRuns: 300 }));
});

test('rows are the weights of an output, columns those of an input', (t) => {
  for (const [shape, outputAxis, inputAxis] of [
    [[5, 4], 0, 1],
    [[4, 5], 1, 0],
    [[5, 4, 3, 2], 0, 1],
    [[3, 2, 4, 5], -1, 2],
    [[3, 5, 4], 1, 0],
  ] as const) {
    const output = (outputAxis + shape.length) % shape.length;
    for (const [text, axis] of [
      ['rows', output],
      ['filters', output],
      ['columns', inputAxis],
    ] as const) {
      const parameter = { name: 'w', shape, outputAxis };
      const { groups, order, size } = blockShape(parameter, {
        blockSize: 7,
        pattern: parsePattern(text),
      });
      t.is(groups?.count, shape[axis]);
      t.is(groups?.dense, 0);
      t.is(groups?.size, size / shape[axis]);
      coordinates(shape, order).forEach((place, c) => {
        t.is(groups?.of(c), place[axis]);
      });
    }
  }
});

test('what is no pattern is refused, and an axis where there is none', (t) => {
  for (const text of ['', '1x', '1x1', '1x99999', '0:4', '4:4', '2:17', '2x2', 'row', '2:4:8']) {
    t.throws(() => parsePattern(text), { message: /^pattern must be unstructured, 1xk/ });
  }
  t.throws(() => parsePattern({ sets: [] }), { message: /pattern must be/ });
  t.throws(() => parsePattern('rows', 'in'), { message: /pattern "rows" has none/ });
  t.throws(() => parsePattern('2:4', 'up' as 'in'), {
    message: /patternAxis must be one of in, out/,
  });
  t.throws(
    () =>
      blockShape(
        { name: 'w', shape: [3, 4, 5], outputAxis: 1 },
        { blockSize: 9, pattern: parsePattern('2:4', 'out') },
      ),
    {
      message: /needs the outputs on the first or last axis/,
    },
  );
  t.throws(
    () =>
      blockShape(
        { name: 'w', shape: [8], prunable: true },
        { blockSize: 9, pattern: parsePattern('1x2') },
      ),
    {
      message: /needs an axis of inputs/,
    },
  );
});
