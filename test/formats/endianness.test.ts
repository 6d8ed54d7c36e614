import test from 'ava';
import { requireLittleEndian } from '../../src/formats/endianness.js';

test('a big-endian host is refused with the reason', (t) => {
  t.notThrows(() => requireLittleEndian('LE'));
  t.throws(() => requireLittleEndian('BE'), {
    code: 'ERR_WOODFISHER_FORMAT',
    message: /big-endian/,
  });
});
