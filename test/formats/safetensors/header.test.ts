import test from 'ava';
import { WoodFisherError } from '../../../src/errors.js';
import { headerLength, parseHeader } from '../../../src/formats/safetensors/header.js';
import { fileOf, headerOf } from './bytes.js';

const parse = (header: string | Uint8Array, data = 0) => {
  const bytes = fileOf(header, data);
  return parseHeader(bytes, bytes.length, 'model.safetensors');
};

/** One hostile header and what must be said about it; `at` is the byte that is blamed. */
function refuses(
  rule: string,
  header: string | Uint8Array,
  data: number,
  message: RegExp,
  at?: number,
): void {
  test(`refuses ${rule}`, (t) => {
    const error = t.throws(() => parse(header, data), {
      instanceOf: WoodFisherError,
      code: 'ERR_WOODFISHER_FORMAT',
      message,
    });
    t.true(error.message.startsWith('model.safetensors: '), error.message);
    t.true(error.message.length < 500);
    if (at !== undefined) {
      t.is(error.details.offset, at);
      t.true(error.message.endsWith(`(at byte ${at})`));
    }
  });
}

test('reads names, dtypes, shapes and offsets', (t) => {
  const header =
    '{"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[],"data_offsets":[12,20]},"a":{"data_offsets":[0,12],"shape":[2,3],"dtype":"BF16"}}   ';
  const { tensors, metadata, dataStart } = parse(header, 20);
  t.is(dataStart, 8 + header.length);
  t.deepEqual([...metadata], [['format', 'pt']]);
  t.deepEqual(
    [...tensors.values()],
    [
      {
        name: 'a',
        dtype: 'BF16',
        shape: [2, 3],
        begin: 0,
        end: 12,
        byteOffset: dataStart,
        size: 6,
      },
      {
        name: 'b',
        dtype: 'I64',
        shape: [],
        begin: 12,
        end: 20,
        byteOffset: dataStart + 12,
        size: 1,
      },
    ],
  );
});

test('accepts a file without tensors', (t) => {
  t.is(parse('{}').tensors.size, 0);
  t.is(parse('{"__metadata__":{}}').metadata.size, 0);
});

test('accepts tensors without elements, wherever they touch no other', (t) => {
  const empty = (at: number) => `{"dtype":"F32","shape":[0,3],"data_offsets":[${at},${at}]}`;
  const full = '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';
  const { tensors } = parse(`{"z":${empty(8)},"w":${full},"a":${empty(0)},"b":${empty(0)}}`, 8);
  t.deepEqual([...tensors.keys()], ['a', 'b', 'w', 'z']);
  t.is(tensors.get('a')?.size, 0);
});

test('white space and unknown members are skipped, as in the reference implementation', (t) => {
  const header =
    '{ "w" :\n\t{"dtype": "F32","note":{"a":[1,-2.5e3,true,null,"]}"]},"shape":[ 2 ],"data_offsets":[0 ,8]}\r\n} ';
  t.is(parse(header, 8).tensors.get('w')?.size, 2);
});

test('names are unescaped, and may be names that objects inherit', (t) => {
  const entry = (i: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`;
  const names = [
    '__proto__',
    'constructor',
    '7',
    '',
    'é "\\ /',
    '\u{1f332}',
    'toString',
    '\ufeffb',
  ];
  const header = `{${names.map((name, i) => `${JSON.stringify(name)}:${entry(i)}`)},"\\u0061\\ud83c\\udf32\\/":${entry(8)}}`;
  const { tensors } = parse(header, 9);
  t.deepEqual([...tensors.keys()], [...names, 'a\u{1f332}/']);
  t.is(Object.getPrototypeOf({}), Object.prototype);
});

test('metadata may have names that objects inherit', (t) => {
  const { metadata } = parse('{"__metadata__":{"__proto__":"x","constructor":"y"}}');
  t.deepEqual(
    [...metadata],
    [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ],
  );
});

test('refuses a file shorter than the length of its header', (t) => {
  for (let size = 0; size < 8; size++) {
    t.throws(() => parseHeader(new Uint8Array(size), size, 'x'), {
      code: 'ERR_WOODFISHER_FORMAT',
      message: `x: a safetensors file has at least 8 bytes, but this one has ${size}`,
    });
  }
});

test('refuses a header that ends beyond the file', (t) => {
  const bytes = fileOf('{}');
  bytes[0] = 3;
  t.throws(() => parseHeader(bytes, bytes.length), {
    code: 'ERR_WOODFISHER_FORMAT',
    message: /header is 3 bytes long, but only 2 bytes follow/,
  });
});

test('refuses a header of 2 GiB, or of 2^64 - 1 bytes, from its first 8 bytes alone', (t) => {
  const prefix = new Uint8Array(8);
  for (const length of [100_000_001n, 2n ** 31n, 2n ** 63n, 2n ** 64n - 1n]) {
    new DataView(prefix.buffer).setBigUint64(0, length, true);
    t.throws(() => headerLength(prefix, 2 ** 40, 'x'), {
      code: 'ERR_WOODFISHER_FORMAT',
      message: `x: the header must be at most 12000000 bytes long, but its length is ${length}; is this a safetensors file? (at byte 0)`,
    });
  }
});

const entry = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';

refuses('an empty header', '', 0, /header must be an object, but is the end/, 8);
refuses('a header that is not an object', '[]', 0, /header must be an object, but is "\["/, 8);
refuses('a header that begins with a space', ' {}', 0, /must begin with "\{"/, 8);
refuses('a header that begins with a byte order mark', '\ufeff{}', 0, /must be an object/, 8);
refuses('a header without end', '{', 0, /must be a string, but is the end/, 9);
refuses('an unfinished member', '{"w"', 0, /invalid JSON: expected ":"/, 12);
refuses('an unfinished string', '{"w', 0, /string has no end/, 9);
refuses('an unfinished escape', '{"w\\', 0, /string has no end/, 9);
refuses('a comma before the end', `{"w":${entry},}`, 1, /must be a string, but is "\}"/);
refuses('a missing comma', `{"w":${entry}"x":${entry}}`, 1, /expected "," or "\}"/);
refuses('something after the object', '{}{}', 0, /followed by "\{"/, 10);
refuses('zeros after the object', '{}\0', 0, /followed by "\\u0000"/, 10);
refuses('single quotes', "{'w':1}", 0, /must be a string, but is "'"/, 9);
refuses('an invalid escape', '{"\\x":1}', 0, /invalid escape/, 9);
refuses('a control character in a name', '{"a\nb":1}', 0, /control character/, 9);
refuses('half a surrogate pair', '{"\\ud800":1}', 0, /half a surrogate pair/, 9);
refuses(
  'bytes that are not UTF-8',
  Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d),
  0,
  /not valid UTF-8/,
  9,
);
refuses(
  'surrogates encoded as UTF-8',
  Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d),
  0,
  /not valid UTF-8/,
  9,
);
refuses('a tensor twice', `{"w":${entry},"w":${entry}}`, 1, /has the key "w" twice/, 61);
refuses('a tensor twice, once escaped', `{"w":${entry},"\\u0077":${entry}}`, 1, /"w" twice/, 61);
refuses('__metadata__ twice', '{"__metadata__":{},"__metadata__":{}}', 0, /twice/, 27);
refuses('a string of metadata twice', '{"__metadata__":{"a":"","a":""}}', 0, /"a" twice/, 32);
refuses('a member of a tensor twice', '{"w":{"shape":[],"shape":[]}}', 0, /"shape" twice/, 25);
refuses(
  'metadata that are no object',
  '{"__metadata__":[]}',
  0,
  /__metadata__ must be an object/,
  24,
);
refuses(
  'metadata that are null',
  '{"__metadata__":null}',
  0,
  /must be an object, but is "null"/,
  24,
);
refuses('metadata that are no strings', '{"__metadata__":{"n":1}}', 0, /"n" must be a string/, 29);
refuses('a tensor that is no object', '{"w":[]}', 0, /tensor "w" must be an object/, 13);

refuses('a tensor without dtype', headerOf({ dtype: undefined }), 8, /"w" has no dtype/, 9);
refuses('a tensor without shape', headerOf({ shape: undefined }), 8, /"w" has no shape/, 9);
refuses('a tensor without offsets', headerOf({ data_offsets: undefined }), 8, /no data_offsets/, 9);
refuses('an unknown dtype', headerOf({ dtype: 'Q4' }), 8, /BOOL, .*, but is "Q4"/, 22);
refuses('a dtype in lower case', headerOf({ dtype: 'f32' }), 8, /but is "f32"/, 22);
refuses(
  'a dtype that objects inherit',
  headerOf({ dtype: 'toString' }),
  8,
  /but is "toString"/,
  22,
);
refuses('a dtype that is no string', headerOf({ dtype: 4 }), 8, /dtype of .* must be a string/, 22);

refuses('a shape that is no array', headerOf({ shape: 2 }), 8, /shape .* an array, but is "2"/, 36);
refuses('a negative axis', headerOf({ shape: [-2] }), 8, /non-negative.*but is "-2"/, 37);
refuses('an axis with a fraction', headerOf({ shape: [2.5] }), 8, /but is "2\.5"/, 37);
refuses('an axis as text', headerOf({ shape: ['2'] }), 8, /but is "\\""/, 37);
refuses('an axis that is null', headerOf({ shape: [null] }), 8, /but is "null"/, 37);
refuses(
  'an axis with an exponent',
  '{"w":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}',
  8,
  /but is "2e0"/,
  37,
);
refuses(
  'an axis with a leading zero',
  '{"w":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}',
  8,
  /but is "02"/,
  37,
);
refuses(
  'an axis beyond 2^53',
  '{"w":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,8]}}',
  8,
  /at most 2\^53 - 1, but is "9007199254740992"/,
  37,
);
refuses(
  'axes whose product is beyond 2^53',
  headerOf({ shape: [2 ** 27, 2 ** 27] }),
  8,
  /\[134217728,134217728\], whose size is beyond 2\^53 - 1/,
  9,
);
refuses(
  'axes whose product wraps around 2^64 to the right size',
  headerOf({ shape: [2 ** 33, 2 ** 31, 2] }),
  8,
  /beyond 2\^53 - 1/,
  9,
);
refuses(
  'elements that take more than 2^53 bytes',
  headerOf({ shape: [2 ** 52] }),
  8,
  /beyond 2\^53 - 1/,
  9,
);
refuses('more than 32 axes', headerOf({ shape: Array(33).fill(1) }), 4, /at most 32 elements/);

refuses(
  'offsets that are no array',
  headerOf({ data_offsets: { 0: 0 } }),
  8,
  /must be an array/,
  55,
);
refuses('one offset', headerOf({ data_offsets: [8] }), 8, /have length 1/, 9);
refuses('three offsets', headerOf({ data_offsets: [0, 8, 8] }), 8, /at most 2 elements/, 60);
refuses('negative offsets', headerOf({ data_offsets: [-8, 0] }), 8, /but is "-8"/, 56);
refuses('offsets with fractions', headerOf({ data_offsets: [0.5, 8] }), 8, /but is "0\.5"/, 56);
refuses('offsets that go backwards', headerOf({ data_offsets: [8, 0] }), 8, /\[8, 0\].*beyond/, 9);
refuses(
  'data beyond the file',
  headerOf(),
  7,
  /ends at 8, beyond the end of the file: 7 bytes follow/,
  9,
);
refuses(
  'a span that the shape does not fill',
  headerOf({ shape: [1] }),
  8,
  /takes 4 bytes as F32 \[1\], but its data_offsets span 8/,
  9,
);

const bytes = (begin: number, end: number) =>
  `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
refuses(
  'tensors that overlap',
  `{"a":${bytes(0, 5)},"b":${bytes(4, 8)}}`,
  8,
  /tensor "b" overlaps tensor "a", whose data end at 5: it begins at 4/,
);
refuses('tensors with the same data', `{"a":${bytes(0, 8)},"b":${bytes(0, 8)}}`, 8, /overlaps/);
refuses('a tensor inside another', `{"a":${bytes(0, 8)},"b":${bytes(2, 4)}}`, 8, /"b" overlaps/);
refuses(
  'an empty one inside another',
  `{"a":${bytes(0, 8)},"b":${bytes(4, 4)}}`,
  8,
  /"b" overlaps/,
);
refuses(
  'a hole between tensors',
  `{"a":${bytes(0, 3)},"b":${bytes(4, 8)}}`,
  8,
  /hole of 1 bytes before tensor "b"/,
);
refuses('a hole before the first tensor', `{"a":${bytes(1, 8)}}`, 8, /hole of 1 bytes before/, 61);
refuses('bytes after the last tensor', `{"a":${bytes(0, 7)}}`, 8, /1 bytes at the end/, 68);
refuses('data without tensors', '{}', 1, /1 bytes at the end of the file/, 10);

const nested = (open: string, count: number) => `{"w":{"x":${open.repeat(count)}`;
refuses('a million nested arrays', nested('[', 1e6), 0, /nested deeper than 16 levels/);
refuses('a million nested objects', nested('{"x":', 1e6), 0, /nested deeper than 16 levels/);
refuses('nested tensors', '{"w":'.repeat(1e5), 0, /nested deeper than 16 levels/);
refuses('a name of megabytes, without repeating it', `{"${'x'.repeat(2e6)}":1}`, 0, /2000000 char/);
refuses(
  'a number of megabytes, without repeating it',
  `{"w":{"shape":[${'9'.repeat(2e6)}]}}`,
  0,
  /must/,
);
refuses('a word that is no value', '{"w":{"x":nul}}', 0, /"nul" is not a value/, 18);
refuses('a number that is no JSON', '{"w":{"x":+1}}', 0, /"\+1" is not a value/, 18);
refuses('a value that is missing', '{"w":{"x":}}', 0, /"\}" is not a value/, 18);
refuses('array elements without comma', '{"w":{"x":[1 2]}}', 0, /expected "," or "\]"/, 21);
