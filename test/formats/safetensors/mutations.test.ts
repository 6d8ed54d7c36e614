import test from 'ava';
import { WoodFisherError } from '../../../src/errors.js';
import { parseHeader } from '../../../src/formats/safetensors/header.js';
import { fileOf } from './bytes.js';

/** Uniform integers below `limit`, the same at every run (xorshift, Marsaglia 2003). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const header =
  '{"__metadata__":{"format":"pt","note":"\\u00e9 é"},"a.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},"a.bias":{"dtype":"F16","shape":[3],"data_offsets":[48,54]},"__proto__":{"dtype":"I64","shape":[],"data_offsets":[54,62]},"empty":{"dtype":"BOOL","shape":[2,0],"data_offsets":[62,62]}}';
const valid = fileOf(header, 62);

const snippets = [
  ...'{ } [ ] , : " \\ \\u - . e9 0 99999999999999999999 4294967296 null true'.split(' '),
  ...'{} [] [[[[ {"a": "dtype": "F64" \0 \u00ff'.split(' '),
  ' ',
].map((text) => new TextEncoder().encode(text));

function mutate(random: (limit: number) => number): Uint8Array {
  let bytes = valid.slice();
  for (let n = 1 + random(3); n > 0; n--) {
    // Every fourth change hits the length of the header or the data.
    const at = random(4) === 0 ? random(bytes.length) : 8 + random(header.length);
    switch (random(5)) {
      case 0: // one bit
        bytes[at % bytes.length] ^= 1 << random(8);
        break;
      case 1: // one byte
        bytes[at % bytes.length] = random(256);
        break;
      case 2: // some bytes less
        bytes = Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1 + random(8))]);
        break;
      case 3: // a piece of JSON in between
        bytes = Uint8Array.from([
          ...bytes.slice(0, at),
          ...snippets[random(snippets.length)],
          ...bytes.slice(at),
        ]);
        break;
      case 4: // a piece of the file copied to elsewhere
        bytes.copyWithin(at % bytes.length, random(bytes.length), random(bytes.length));
        break;
    }
    // Half of the time the length follows, or nearly every change would end at the first check.
    if (random(2) === 0 && bytes.length > 70) {
      new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8 - 62), true);
    }
  }
  return bytes;
}

test('random changes to a valid file give an error or a valid result', (t) => {
  const random = generator(20201206);
  const started = performance.now();
  let accepted = 0;
  const rules = new Set<string>();
  for (let run = 0; run < 4000; run++) {
    const bytes = mutate(random);
    try {
      const { tensors, dataStart } = parseHeader(bytes, bytes.length, 'x');
      accepted++;
      // JSON.parse, which is more permissive, must have understood the same.
      const json = JSON.parse(new TextDecoder().decode(bytes.subarray(8, dataStart)));
      const described = Object.entries<Record<string, unknown>>(json)
        .filter(([name]) => name !== '__metadata__')
        .map(([name, { dtype, shape, data_offsets }]) => [name, dtype, shape, data_offsets]);
      t.is(described.length, tensors.size);
      for (const [name, dtype, shape, offsets] of described) {
        const tensor = tensors.get(name as string)!;
        t.deepEqual(
          [tensor.dtype, tensor.shape, [tensor.begin, tensor.end]],
          [dtype, shape, offsets],
        );
      }
      let filled = dataStart;
      for (const { byteOffset, begin, end } of tensors.values()) {
        t.is(byteOffset, filled);
        filled += end - begin;
      }
      t.is(filled, bytes.length);
    } catch (error) {
      if (!(error instanceof WoodFisherError)) throw error;
      t.is(error.code, 'ERR_WOODFISHER_FORMAT');
      rules.add(error.message.replace(/"[^"]*"|\d+/g, '_'));
    }
  }
  // Neither all the same refusal, nor hardly anything that gets past the syntax.
  t.true(accepted > 100, `${accepted} accepted`);
  t.true(rules.size > 40, `${rules.size} different messages`);
  t.true(performance.now() - started < 60_000);
});

test('every truncation of a valid file is refused', (t) => {
  for (let length = 0; length < valid.length; length++) {
    t.throws(() => parseHeader(valid.subarray(0, length), length, 'x'), {
      code: 'ERR_WOODFISHER_FORMAT',
    });
  }
});

test('every change of a single bit in the length of the header is refused', (t) => {
  for (let bit = 0; bit < 64; bit++) {
    const bytes = valid.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    t.throws(() => parseHeader(bytes, bytes.length, 'x'), { code: 'ERR_WOODFISHER_FORMAT' });
  }
});
