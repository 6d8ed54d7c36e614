import type { Random } from './random.js';

const NUMBERS =
  '-1 -0 0.5 1e3 1e999 4294967296 9007199254740991 9007199254740993 99999999999999999999 100000000000 00 +1 .5 NaN'.split(
    ' ',
  );
const VALUES = [
  ...'null true "" "a" [] {} [[[]]] {"a":1} [1,2,3] "\\ud800" "\\u0000" ~ .inf *a &a !!str'.split(
    ' ',
  ),
  '"\u{1f600}é\u202e"',
  '"__proto__"',
  '['.repeat(2000),
  '{"a":'.repeat(500),
  `[${'0,'.repeat(300)}0]`,
  `"${'x'.repeat(5000)}"`,
];
const KEYS = ['"__proto__":1,', '"constructor":{},', '"":0,', '"\ufeff":1,', '"dtype":"F32",'];

/** A change of some bytes. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(6)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] ^= 1 << random.below(8);
      return flipped;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
    case 3: {
      const more = Buffer.from(
        Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
      );
      return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
    }
    case 4: {
      const copied = Buffer.from(bytes);
      copied.copyWithin(at, random.below(bytes.length + 1), random.below(bytes.length + 1));
      return copied;
    }
    default: {
      // A number as it stands in binary headers.
      const changed = Buffer.from(bytes);
      const value = random.of([
        0n,
        1n,
        2n ** 31n,
        2n ** 32n - 1n,
        10n ** 11n,
        2n ** 63n,
        2n ** 64n - 1n,
      ]);
      if (bytes.length >= 16) changed.writeBigUInt64LE(value, random.below(9));
      return changed;
    }
  }
}

/** A change of what the text says: a number, a value, a key, or a member that is there again. */
export function mutateText(text: string, random: Random): string {
  const [found, by]: [RegExp, () => string] = random.of([
    [/-?\d+(\.\d+)?/g, () => random.of(NUMBERS)],
    [/"(\\.|[^"\\])*"|\d+|\[[^[\]]*\]/g, () => random.of(VALUES)],
    [/(?<=\{)/g, () => random.of(KEYS)],
    [/(?<=[{,])("(\\.|[^"\\])*":("[^"]*"|\d+|\[[^[\]]*\]|\{[^{}]*\}),)/g, () => '$&$&'],
    [/[[\]{},:"'\n]/g, () => random.of([...'[]{},:"\'\n\t#-?|>%@`', ''])],
  ]);
  const all = [...text.matchAll(found)];
  if (all.length === 0) return text;
  const { 0: old, index } = random.of(all);
  return text.slice(0, index) + by().replaceAll('$&', old) + text.slice(index + old.length);
}
