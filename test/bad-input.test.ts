import test from 'ava';
import { prune, WoodFisherError, type WoodFisherErrorCode } from '../src/index.js';
import type { PruneOptions } from '../src/prune-options.js';
import { ENGINES } from './engines.js';
import { randomBatches, randomParameter, seeded } from './random.js';

const random = seeded(1);
const parameters = [randomParameter('a', [4, 5], random), randomParameter('b', [3, 2], random)];
const gradients = randomBatches(parameters, [3, 4], random);
const good: PruneOptions = { parameters, gradients, sparsity: 0.5 };

function refused(
  title: string,
  options: () => Partial<PruneOptions>,
  code: WoodFisherErrorCode,
  message: RegExp,
): void {
  test(`refused: ${title}`, async (t) => {
    const before = parameters.map(({ data }) => data.slice());
    const error = await t.throwsAsync(prune({ ...good, ...options() }), {
      instanceOf: WoodFisherError,
      message,
    });
    t.is(error.code, code);
    t.deepEqual(
      parameters.map(({ data }) => data),
      before,
      'the input is unchanged',
    );
  });
}

function changed(index: number, name: string, value: number): Record<string, Float32Array>[] {
  return gradients.map((batch, i) => {
    if (i !== 1) return batch;
    const array = batch[name].slice();
    array[index] = value;
    return { ...batch, [name]: array };
  });
}

test('the input that the refused ones differ from is accepted', async (t) => {
  await t.notThrowsAsync(prune(good));
});

for (const sparsity of [-0.1, 1.1, Number.NaN]) {
  refused(
    `sparsity ${sparsity}`,
    () => ({ sparsity }),
    'ERR_WOODFISHER_OPTION',
    /^sparsity must be .* 0 to 1, but is/,
  );
}
for (const damping of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
  refused(
    `damping ${damping}`,
    () => ({ damping }),
    'ERR_WOODFISHER_OPTION',
    /^damping must be .* above 0, but is/,
  );
}
for (const blockSize of [0, 1.5, 2 ** 15, Number.NaN]) {
  refused(
    `block size ${blockSize}`,
    () => ({ blockSize }),
    'ERR_WOODFISHER_OPTION',
    /^blockSize must be .* 1 to 32767/,
  );
}
for (const threads of [0, 2.5, 1000]) {
  refused(`${threads} threads`, () => ({ threads }), 'ERR_WOODFISHER_OPTION', /^threads must be/);
}
refused('samples 0', () => ({ samples: 0 }), 'ERR_WOODFISHER_OPTION', /^samples must be/);
refused(
  'an unknown criterion',
  () => ({ criterion: 'best' as 'magnitude' }),
  'ERR_WOODFISHER_OPTION',
  /^criterion must be one of woodfisher, .* but is "best"/,
);
for (const option of ['update', 'scope', 'solver', 'engine']) {
  refused(
    `an unknown ${option}`,
    () => ({ [option]: 'x' }) as Partial<PruneOptions>,
    'ERR_WOODFISHER_OPTION',
    new RegExp(`^${option} must be one of`),
  );
}
refused(
  'a criterion of the Fisher without gradients',
  () => ({ gradients: undefined }),
  'ERR_WOODFISHER_OPTION',
  /needs gradients/,
);
refused(
  'an update without gradients',
  () => ({ gradients: undefined, criterion: 'magnitude', update: 'joint' }),
  'ERR_WOODFISHER_OPTION',
  /^update "joint" needs gradients/,
);
refused(
  'woodbury without the number of samples',
  () => ({ solver: 'woodbury' }),
  'ERR_WOODFISHER_OPTION',
  /"woodbury" needs samples before/,
);
refused('zero samples', () => ({ gradients: [] }), 'ERR_WOODFISHER_SAMPLES', /no gradient samples/);
refused(
  'fewer samples than declared',
  () => ({ samples: 9 }),
  'ERR_WOODFISHER_SAMPLES',
  /says that 9 .* but there are 7/,
);
refused(
  'more samples than declared',
  () => ({ samples: 5 }),
  'ERR_WOODFISHER_SAMPLES',
  /says that 5 .* but there are 7/,
);
refused(
  'data that do not match their shape',
  () => ({ parameters: [{ ...parameters[0], shape: [4, 6] }, parameters[1]] }),
  'ERR_WOODFISHER_SHAPE',
  /parameter "a" must have 24 elements, but has 20/,
);
refused(
  'two parameters of one name',
  () => ({ parameters: [parameters[0], parameters[0]] }),
  'ERR_WOODFISHER_SHAPE',
  /two parameters are named "a"/,
);
refused(
  'an output axis that is none',
  () => ({ parameters: [{ ...parameters[0], outputAxis: 2 }, parameters[1]] }),
  'ERR_WOODFISHER_SHAPE',
  /outputAxis of parameter "a"/,
);
refused(
  'a mask of another length',
  () => ({ parameters: [{ ...parameters[0], mask: new Uint8Array(3) }, parameters[1]] }),
  'ERR_WOODFISHER_SHAPE',
  /mask of parameter "a" must have 20 elements/,
);
refused(
  'a mask with a 2',
  () => ({ parameters: [{ ...parameters[0], mask: new Uint8Array(20).fill(2) }, parameters[1]] }),
  'ERR_WOODFISHER_SHAPE',
  /must hold 0 and 1, but holds 2 at index 0/,
);
refused(
  'nothing to prune',
  () => ({ parameters: [{ name: 'c', shape: [3], data: new Float32Array(3) }] }),
  'ERR_WOODFISHER_MISSING',
  /no parameter is prunable/,
);
refused(
  'a parameter without gradients',
  () => ({ gradients: [{ a: gradients[0].a }] }),
  'ERR_WOODFISHER_MISSING',
  /no gradients for parameter "b"/,
);
refused(
  'gradients without a parameter',
  () => ({ gradients: [{ ...gradients[0], c: new Float32Array(3) }] }),
  'ERR_WOODFISHER_MISSING',
  /gradients for "c", which is no parameter/,
);
refused(
  'a batch of the wrong length',
  () => ({ gradients: [{ ...gradients[0], b: new Float32Array(17) }] }),
  'ERR_WOODFISHER_SHAPE',
  /parameter "b" must be \[samples, 3, 2\].* have 17/,
);
refused(
  'different numbers of samples in a batch',
  () => ({ gradients: [{ ...gradients[0], b: new Float32Array(12) }] }),
  'ERR_WOODFISHER_SHAPE',
  /has 3 for "a" and 2 for "b"/,
);
for (const engine of ENGINES) {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    refused(
      `a gradient of ${value} (${engine})`,
      () => ({ engine, gradients: changed(6 * 2 + 5, 'b', value) }),
      'ERR_WOODFISHER_NONFINITE',
      /gradient 5 of parameter "b" must be finite, but is .* in sample 2/,
    );
  }
}
refused(
  'a weight of NaN',
  () => ({
    parameters: [
      parameters[0],
      { ...parameters[1], data: new Float32Array([1, 2, 3, Number.NaN, 5, 6]) },
    ],
  }),
  'ERR_WOODFISHER_NONFINITE',
  /weight 3 of parameter "b" must be finite, but is NaN/,
);

const factors = { inputs: new Float32Array(15).fill(0.1), deltas: new Float32Array(12).fill(0.2) };

refused(
  'factors of different numbers of samples',
  () => ({ gradients: [{ ...gradients[0], a: { ...factors, deltas: new Float32Array(8) } }] }),
  'ERR_WOODFISHER_SHAPE',
  /factors of parameter "a" .* 3 inputs and 2 deltas/,
);
refused(
  'factors of the wrong length',
  () => ({ gradients: [{ ...gradients[0], a: { ...factors, inputs: new Float32Array(14) } }] }),
  'ERR_WOODFISHER_SHAPE',
  /inputs of parameter "a" must be \[samples, 5\]/,
);
refused(
  'a delta of NaN',
  () => ({
    gradients: [
      { ...gradients[0], a: { ...factors, deltas: new Float32Array(12).fill(Number.NaN, 5, 6) } },
    ],
  }),
  'ERR_WOODFISHER_NONFINITE',
  /delta 1 of parameter "a" must be finite, but is NaN in sample 1/,
);

test('a source of gradients that throws ends the run with its error, and is closed', async (t) => {
  let closed = false;
  async function* source() {
    try {
      yield gradients[0];
      throw new Error('the job died');
    } finally {
      closed = true;
    }
  }
  await t.throwsAsync(prune({ ...good, gradients: source() }), { message: 'the job died' });
  t.true(closed);
});

test('a source is closed when the run ends before it', async (t) => {
  let closed = false;
  async function* source() {
    try {
      for (;;) yield gradients[0];
    } finally {
      closed = true;
    }
  }
  await t.throwsAsync(prune({ ...good, samples: 4, gradients: source() }), {
    message: /samples says/,
  });
  t.true(closed);
});
