import test from 'ava';
import fc from 'fast-check';
import { formatBytes, parseBytes } from '../../src/memory/byte-size.js';
import { machineMemory } from '../../src/memory/machine-memory.js';

test('an amount of memory is a number of bytes, or words', (t) => {
  for (const [words, bytes] of [
    [123, 123],
    ['123', 123],
    ['2GiB', 2 ** 31],
    ['2 gib', 2 ** 31],
    ['1.5GB', 1.5e9],
    ['500MB', 5e8],
    ['.5 MiB', 2 ** 19],
    ['64kb', 64_000],
    ['1TiB', 2 ** 40],
    ['7 B', 7],
  ] as const) {
    t.is(parseBytes('limit', words), bytes, String(words));
  }
});

test('other words are refused, naming the option', (t) => {
  for (const words of ['', 'much', '2 GiBs', '2,5GB', '0', '0.4', '-2GiB', '1 2', '0x10', '1e9']) {
    t.throws(() => parseBytes('limit', words), {
      code: 'ERR_WOODFISHER_OPTION',
      message: /^limit must be/,
    });
  }
});

test('an amount in words is within 5 % of its bytes', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
      const again = parseBytes('limit', formatBytes(bytes));
      t.true(Math.abs(again - bytes) <= 0.05 * bytes, formatBytes(bytes));
    }),
  );
  t.deepEqual([0, 1023, 2 ** 31, 384 * 2 ** 20, 2.4 * 2 ** 30].map(formatBytes), [
    '0 B',
    '1023 B',
    '2.0 GiB',
    '384 MiB',
    '2.4 GiB',
  ]);
});

test('this machine has memory, and no more than it has', (t) => {
  t.true(machineMemory() > 2 ** 28 && machineMemory() < 2 ** 50);
});
