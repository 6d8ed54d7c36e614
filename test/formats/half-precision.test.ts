import test from 'ava';
import fc from 'fast-check';
import { loadNative } from '../../src/engine/native.js';
import {
  BFLOAT16_MAX,
  bfloat16BitsToFloat32Bits,
  float32BitsToBfloat16Bits,
} from '../../src/formats/bfloat16.js';
import {
  FLOAT16_MAX,
  float16BitsToFloat32Bits,
  float32BitsToFloat16Bits,
} from '../../src/formats/float16.js';
import { widenHalf } from '../../src/formats/widen-half.js';
import { bitsOf, magnitudes, nearestPattern, singleOf } from './nearest.js';

const formats = [
  {
    name: 'float16',
    dtype: 'F16',
    widen: float16BitsToFloat32Bits,
    round: float32BitsToFloat16Bits,
    ascending: magnitudes({ exponentBits: 5, fractionBits: 10 }),
    max: FLOAT16_MAX,
    infinity: 0x7c00,
  },
  {
    name: 'bfloat16',
    dtype: 'BF16',
    widen: bfloat16BitsToFloat32Bits,
    round: float32BitsToBfloat16Bits,
    ascending: magnitudes({ exponentBits: 8, fractionBits: 7 }),
    max: BFLOAT16_MAX,
    infinity: 0x7f80,
  },
] as const;

for (const { name, dtype, widen, round, ascending, max, infinity } of formats) {
  test(`${name}: every finite pattern has the value that the format defines`, (t) => {
    for (let pattern = 0; pattern < ascending.length; pattern++) {
      if (!Object.is(singleOf(widen(pattern)), ascending[pattern])) t.fail(`${pattern}`);
      if (!Object.is(singleOf(widen(pattern | 0x8000)), -ascending[pattern])) t.fail(`-${pattern}`);
    }
    t.is(ascending.length, infinity);
    t.is(ascending.at(-1), max);
  });

  test(`${name}: all 65536 patterns survive the way through float32, payloads of NaN included`, (t) => {
    for (let pattern = 0; pattern < 0x10000; pattern++) {
      if (round(widen(pattern)) !== pattern) t.fail(`0x${pattern.toString(16)}`);
    }
    t.pass();
  });

  for (const [engine, convert] of [
    ['javascript', widenHalf],
    ['native', loadNative()?.widenHalf],
  ] as const) {
    test(`${name}: arrays widen as single elements do, at any alignment (${engine})`, (t) => {
      if (convert === undefined) return t.pass('there is no native binary');
      const halves = Uint16Array.from({ length: 0x10000 }, (_, pattern) => pattern);
      for (const shift of [0, 1]) {
        const bytes = new Uint8Array(shift + halves.byteLength).subarray(shift);
        bytes.set(new Uint8Array(halves.buffer));
        const wide = new Uint32Array(halves.length);
        convert(dtype, bytes, new Float32Array(wide.buffer));
        t.deepEqual(wide, Uint32Array.from(halves, widen));
      }
    });
  }

  test(`${name}: every midpoint goes to the even pattern, and its neighbours to the nearer one`, (t) => {
    for (let pattern = 0; pattern < ascending.length; pattern++) {
      const upper = ascending[pattern + 1] ?? 2 * max - ascending[ascending.length - 2];
      const midpoint = bitsOf(ascending[pattern] / 2 + upper / 2);
      for (const sign of [0, 0x80000000]) {
        for (const bits of [midpoint - 1, midpoint, midpoint + 1]) {
          const signed = (bits | sign) >>> 0;
          const expected = nearestPattern(singleOf(signed), ascending);
          if (round(signed) !== expected) t.fail(`0x${signed.toString(16)}: ${round(signed)}`);
        }
      }
    }
    t.is(round(0), 0);
    t.is(round(0x80000000), 0x8000);
  });

  test(`${name}: rounds any float32 to the nearest value`, (t) => {
    const property = fc.property(fc.integer({ min: 0, max: 0xffffffff }), (bits) => {
      const x = singleOf(bits);
      if (Number.isFinite(x)) return round(bits) === nearestPattern(x, ascending);
      if (Number.isNaN(x)) return (round(bits) & 0x7fff) > infinity;
      return round(bits) === (x < 0 ? 0x8000 | infinity : infinity);
    });
    t.notThrows(() => fc.assert(property, { numRuns: 20_000 }));
  });

  test(`${name}: a NaN whose payload lies in the lost bits stays a NaN`, (t) => {
    t.true((round(0x7f800001) & 0x7fff) > infinity);
    t.is(round(0xff800001) & 0x8000, 0x8000);
  });
}

test('the addon refuses what it cannot widen', (t) => {
  const addon = loadNative();
  if (addon === undefined) return t.pass('there is no native binary');
  const out = new Float32Array(2);
  t.throws(() => addon.widenHalf('BF16', new Uint8Array(5), out), { instanceOf: RangeError });
  t.throws(() => addon.widenHalf('F32' as 'F16', new Uint8Array(4), out), {
    instanceOf: TypeError,
  });
  t.throws(() => addon.widenHalf('F16', new Uint16Array(2) as never, out), {
    instanceOf: TypeError,
  });
});
