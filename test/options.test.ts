import test from 'ava';
import { WoodFisherError } from '../src/index.js';
import { checkWhole } from '../src/options.js';

test('a whole number within its range is given back', (t) => {
  t.is(checkWhole('k', 1), 1);
  t.is(checkWhole('k', Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  t.is(checkWhole('k', 0, { least: 0, most: 3 }), 0);
  t.is(checkWhole('k', 3, { least: 0, most: 3 }), 3);
});

test('anything else is refused by name, with the range and the value', (t) => {
  const cases: [unknown, { least?: number; most?: number }, string][] = [
    [0, {}, 'k must be a whole number of at least 1, but is 0'],
    [1.5, {}, 'k must be a whole number of at least 1, but is 1.5'],
    [2 ** 53, {}, 'k must be a whole number of at least 1, but is 9007199254740992'],
    ['2', {}, 'k must be a whole number of at least 1, but is "2"'],
    [-1, { least: 0 }, 'k must be a whole number of at least 0, but is -1'],
    [4, { most: 3 }, 'k must be a whole number from 1 to 3, but is 4'],
    [Number.NaN, { most: 3 }, 'k must be a whole number from 1 to 3, but is NaN'],
  ];
  for (const [value, range, message] of cases) {
    const error = t.throws(() => checkWhole('k', value as number, range), {
      instanceOf: WoodFisherError,
      code: 'ERR_WOODFISHER_OPTION',
      message,
    });
    t.deepEqual(error.details, { option: 'k', value });
  }
});
