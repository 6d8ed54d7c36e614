import test from 'ava';
import fc from 'fast-check';
import { fromFloat32, toFloat32 } from '../../src/formats/conversion.js';
import { DTYPE_BYTES, type FloatDtype, isDtype, isFloatDtype } from '../../src/formats/dtypes.js';
import { bitsOf } from './nearest.js';

const floats: FloatDtype[] = ['F16', 'BF16', 'F32', 'F64'];

function encode(values: Float32Array, dtype: FloatDtype): Uint8Array {
  const bytes = new Uint8Array(values.length * DTYPE_BYTES[dtype]);
  fromFloat32(values, dtype, bytes);
  return bytes;
}

function decode(bytes: Uint8Array, dtype: FloatDtype): Float32Array {
  const values = new Float32Array(bytes.byteLength / DTYPE_BYTES[dtype]);
  toFloat32(dtype, bytes, values);
  return values;
}

test('an element of 1.5 has the little-endian bytes that IEEE 754 gives it', (t) => {
  const values = Float32Array.of(1.5);
  t.deepEqual([...encode(values, 'F16')], [0x00, 0x3e]);
  t.deepEqual([...encode(values, 'BF16')], [0xc0, 0x3f]);
  t.deepEqual([...encode(values, 'F32')], [0, 0, 0xc0, 0x3f]);
  t.deepEqual([...encode(values, 'F64')], [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]);
});

test('what a dtype can hold comes back bit by bit', (t) => {
  const property = fc.property(
    fc.constantFrom(...floats),
    fc.uint8Array({ maxLength: 64 }),
    (dtype, raw) => {
      const source = dtype === 'F64' ? 'F32' : dtype; // every float32 is a float64
      const whole = raw.slice(0, raw.length - (raw.length % DTYPE_BYTES[source]));
      const values = decode(whole, source);
      const again = encode(decode(encode(values, dtype), dtype), source);
      const isNaN64 = dtype === 'F64' && values.some(Number.isNaN); // payloads are the engine's there
      return isNaN64 || Buffer.compare(again, whole) === 0;
    },
  );
  t.notThrows(() => fc.assert(property, { numRuns: 2000 }));
});

test('bytes may begin anywhere in their buffer', (t) => {
  for (const dtype of floats) {
    const values = Float32Array.of(1, -2, 0.5);
    const bytes = encode(values, dtype);
    for (let shift = 0; shift < 8; shift++) {
      const shifted = new Uint8Array(new ArrayBuffer(bytes.length + 8), shift, bytes.length);
      shifted.set(bytes);
      t.deepEqual(decode(shifted, dtype), values);
    }
  }
});

test('shared memory converts as well', (t) => {
  const shared = new Float32Array(new SharedArrayBuffer(12));
  shared.set([1, -2, 0.5]);
  for (const dtype of floats) {
    const back = new Float32Array(new SharedArrayBuffer(12));
    toFloat32(dtype, encode(shared, dtype), back);
    t.deepEqual([...back], [1, -2, 0.5]);
  }
});

test('infinities and NaN are kept, and are no overflow', (t) => {
  const values = Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN);
  for (const dtype of floats) {
    t.is(fromFloat32(values, dtype, new Uint8Array(3 * DTYPE_BYTES[dtype])), -1);
    t.deepEqual(decode(encode(values, dtype), dtype), values);
  }
});

test('the first finite value that becomes infinite is reported', (t) => {
  const out = new Uint8Array(10);
  t.is(fromFloat32(Float32Array.of(0, 65519, 65520, -1e30, 1), 'F16', out), 2);
  t.is(fromFloat32(Float32Array.of(0, Infinity, -65520, 1, 1), 'F16', out), 2);
  t.is(fromFloat32(Float32Array.of(0, 65504, -65504, 65519, 1), 'F16', out), -1);
  t.is(fromFloat32(Float32Array.of(0, 1e38, 3.39e38, 3.4e38, 3.4e38), 'BF16', out), 3);
});

test('a float64 beyond the range of float32 becomes an infinity, and one below it zero', (t) => {
  const bytes = new Uint8Array(Float64Array.of(1e39, -1e39, 1e-60, 3.4e38, 0.1).buffer);
  const expected = Float32Array.of(Infinity, -Infinity, 0, 3.4e38, 0.1);
  t.deepEqual(decode(bytes, 'F64'), expected);
});

test('subnormal float32 keep their value in BF16 and F32, and round to zero in F16', (t) => {
  const smallest = Float32Array.of(2 ** -149, 2 ** -133);
  t.deepEqual(decode(encode(smallest, 'F32'), 'F32'), smallest);
  t.deepEqual([...decode(encode(smallest, 'BF16'), 'BF16')], [0, 2 ** -133]);
  t.deepEqual([...decode(encode(smallest, 'F16'), 'F16')], [0, 0]);
  t.is(bitsOf(decode(encode(Float32Array.of(2 ** -24), 'F16'), 'F16')[0]), bitsOf(2 ** -24));
});

test('a byte length that does not fit is refused', (t) => {
  t.throws(() => toFloat32('F16', new Uint8Array(3), new Float32Array(2)), {
    instanceOf: RangeError,
    message: '2 elements of F16 take 4 bytes, but there are 3',
  });
  t.throws(() => fromFloat32(new Float32Array(2), 'F64', new Uint8Array(8)), {
    instanceOf: RangeError,
  });
});

test('names that objects inherit are no dtypes', (t) => {
  for (const name of ['toString', '__proto__', 'constructor', 'f32', '']) t.false(isDtype(name));
  t.true(isDtype('BF16'));
  t.deepEqual(Object.keys(DTYPE_BYTES).filter(isFloatDtype), ['F16', 'BF16', 'F32', 'F64']);
});
