import test from 'ava';
import type { WoodFisherError } from '../../src/index.js';
import { loadFirst } from '../../src/tfjs/builds/load.js';
import { loadTensorFlow } from '../../src/tfjs/index.js';
import { tf, useBackend } from './backends.js';
import { missingBinary, nativeBuild, notInstalled } from './stand-in.js';

const real = (name: string): Promise<unknown> => import(name);
const GPU = '@tensorflow/tfjs-node-gpu';
const NODE = '@tensorflow/tfjs-node';

test.serial.beforeEach(() => useBackend('cpu'));

test.serial('without native builds it is wasm, and each error is kept', async (t) => {
  const before = tf.memory().numTensors;
  const found = await loadFirst(undefined, (name) => {
    if (name === GPU) notInstalled(name);
    if (name === NODE) missingBinary();
    return real(name);
  });
  t.is(found.tf, await import('@tensorflow/tfjs'));
  t.deepEqual([found.package, found.backend], ['@tensorflow/tfjs', 'wasm']);
  t.is(found.tf.getBackend(), 'wasm');
  t.deepEqual(
    found.failed.map(({ reason }) => reason),
    [
      'is not installed',
      'has no binary for this machine: run "npm rebuild @tensorflow/tfjs-node --build-addon-from-source"',
    ],
  );
  t.regex((found.failed[1].cause as Error).message, /tfjs_binding\.node/);
  t.regex(
    found.summary,
    /tfjs on its wasm backend, since @tensorflow\/tfjs-node-gpu is not installed;/,
  );
  t.is(tf.memory().numTensors, before);
});

test.serial('calls at one time load one after the other, and get the same', async (t) => {
  const found = await Promise.all(
    [1, 2, 3].map(() => loadTensorFlow({ packages: ['@tensorflow/tfjs'] })),
  );
  t.deepEqual(
    found.map(({ backend }) => backend),
    ['wasm', 'wasm', 'wasm'],
  );
  let imports = 0;
  const loading = [1, 2].map(() =>
    loadFirst([NODE], async () => {
      imports++;
      t.is(imports, 1, 'the one before has started its backend');
      await new Promise(setImmediate);
      const native = nativeBuild(tf);
      imports--;
      return native;
    }),
  );
  t.is((await Promise.all(loading)).length, 2);
});

test.serial('a native build that runs is taken first', async (t) => {
  const native = nativeBuild(tf);
  const found = await loadFirst(undefined, async (name) => {
    if (name === GPU) missingBinary();
    return { default: native };
  });
  t.is(found.tf, native as unknown as typeof found.tf);
  t.deepEqual([found.package, found.backend, found.failed.length], [NODE, 'tensorflow', 1]);
});

for (const message of [
  'util.isNullOrUndefined is not a function',
  '(0 , util_1.isNullOrUndefined) is not a function',
]) {
  test.serial(`a build that fails at its first operation is passed over: ${message}`, async (t) => {
    const broken = nativeBuild(tf, () => {
      throw new TypeError(message);
    });
    const before = tf.memory().numTensors;
    const found = await loadFirst([NODE, '@tensorflow/tfjs'], async (name) =>
      name === NODE ? broken : real(name),
    );
    t.is(found.package, '@tensorflow/tfjs');
    t.regex(found.failed[0].reason, /does not run on Node\.js [\d.]+: use Node\.js 22 or older/);
    t.is(tf.memory().numTensors, before);
  });
}

test.serial('without the wasm package it is the cpu backend', async (t) => {
  const found = await loadFirst(['@tensorflow/tfjs'], (name) =>
    name.endsWith('wasm') ? notInstalled(name) : real(name),
  );
  t.is(found.backend, 'cpu');
  t.is(found.failed[0].reason, 'needs @tensorflow/tfjs-backend-wasm, which is not installed');
});

test.serial('where none runs the error has what each threw', async (t) => {
  const error = (await t.throwsAsync(
    loadFirst(undefined, async (name) => (name === NODE ? missingBinary() : notInstalled(name))),
    { code: 'ERR_WOODFISHER_MODEL', message: /no build of TensorFlow.js runs here: .*-gpu is not/ },
  )) as WoodFisherError;
  t.is((error.cause as AggregateError).errors.length, 4);
});

test.serial('what is there is loaded by import', async (t) => {
  const found = await loadTensorFlow({ packages: ['@tensorflow/tfjs'] });
  t.is(found.tf.getBackend(), 'wasm');
  await t.throwsAsync(loadTensorFlow({ packages: ['tensorflow'] }), {
    message: /packages must be of @tensorflow\/tfjs-node-gpu, .*, but is "tensorflow"/,
  });
});
