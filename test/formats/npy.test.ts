import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openGradients } from '../../src/files/gradient-files.js';
import { readNames } from '../../src/files/read-names.js';
import { openNpy } from '../../src/formats/npy.js';
import { npy } from './npy-bytes.js';
import { temporaryFolder } from './temporary-folder.js';

const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

test('the header of every version is read', async (t) => {
  const folder = await temporaryFolder(t);
  for (const version of [1, 2, 3]) {
    const path = join(folder, `${version}.npy`);
    await writeFile(path, npy(HEADER, new Float32Array(6), version));
    const file = await openNpy(path);
    await file.handle.close();
    t.deepEqual([file.dtype, file.shape], ['F32', [2, 3]]);
  }
});

test('what is no array of floats in C order is refused, with the rule', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'x.npy');
  const six = new Float32Array(6);
  const bad: [Buffer, RegExp][] = [
    [Buffer.from('PK\x03\x04 something else'), /does not begin as a \.npy file does/],
    [Buffer.from('\x93NUM', 'latin1'), /does not begin/],
    [npy(HEADER, six, 4), /version 4/],
    [npy(HEADER.replace('<f4', '<i4'), six), /must hold float16.*"<i4"/],
    [npy(HEADER.replace('<f4', '>f4'), six), /">f4"/],
    [npy(HEADER.replace('False', 'True'), six), /C order/],
    [npy(HEADER.replace('(2, 3)', '(2, 3'), six), /no shape/],
    [npy(HEADER.replace('(2, 3)', '(99999999999, 99999999999)'), six), /beyond what can be read/],
    [npy(HEADER, new Float32Array(5)), /must have \d+ bytes by its header, but has \d+/],
    [npy(HEADER, six).subarray(0, 40), /header of \d+ bytes, more than there can be/],
  ];
  for (const [bytes, message] of bad) {
    await writeFile(path, bytes);
    await t.throwsAsync(openNpy(path), { code: 'ERR_WOODFISHER_FORMAT', message });
  }
});

test('columns are the parameters in the order of the names', async (t) => {
  const folder = await temporaryFolder(t);
  const [path, names] = [join(folder, 'g.npy'), join(folder, 'names.json')];
  await writeFile(path, npy(HEADER, Float32Array.from([0, 1, 2, 3, 4, 5])));
  await writeFile(names, '["b", "a"]');
  const tensors = new Map(
    [
      { name: 'a', dtype: 'F32' as const, shape: [1, 1], size: 1 },
      { name: 'b', dtype: 'F32' as const, shape: [2, 1], size: 2 },
    ].map((tensor) => [tensor.name, tensor]),
  );
  const model = { path: 'model', tensors };
  await using files = await openGradients([path], model, await readNames(names));
  const [{ places, tensors: found }] = files.sets;
  t.deepEqual(found.get('a')?.shape, [2, 1, 1]);
  t.is((places.get('a')?.begin ?? 0) - (places.get('b')?.begin ?? 0), 8);
  t.is(places.get('a')?.rowBytes, 12);

  await writeFile(names, '["b"]');
  await t.throwsAsync(openGradients([path], model, await readNames(names)), {
    message: /must be \[samples, 2\].*but is \[2, 3\]/,
  });
  await t.throwsAsync(openGradients([path], model), { message: /^gradientNames must be/ });
  await writeFile(names, '{"b": 1}');
  await t.throwsAsync(readNames(names), {
    message: /names\.json: the names of parameters must be an array, but is "{" \(at byte 0\)$/,
  });
});
