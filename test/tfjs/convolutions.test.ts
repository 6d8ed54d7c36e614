import test from 'ava';
import fc from 'fast-check';
import { around, equalsAutomatic, problemOf } from './automatic.js';
import { backends, tf, useBackend } from './backends.js';

const { layers } = tf;

test.before(() => useBackend('cpu'));

const settings = fc.record({
  height: fc.integer({ min: 3, max: 7 }),
  width: fc.integer({ min: 3, max: 7 }),
  channels: fc.integer({ min: 1, max: 4 }),
  filters: fc.integer({ min: 1, max: 11 }),
  kernelSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  padding: fc.constantFrom('same' as const, 'valid' as const),
  activation: fc.constantFrom('linear' as const, 'tanh' as const, 'relu' as const),
  useBias: fc.boolean(),
  depthMultiplier: fc.integer({ min: 1, max: 3 }),
  poolSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  seed: fc.nat({ max: 1000 }),
});

type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never;
type Pair = [number, number];

/** The layer under test, behind a layer with weights that makes it pass its deltas on. */
const images = ({ height, width, channels }: Settings, layer: tf.layers.Layer) =>
  around([height, width, 2], layers.conv2d({ filters: channels, kernelSize: 1 }), layer);

const kinds: [string, (s: Settings) => tf.LayersModel][] = [
  ['Conv2D', (s) => images(s, layers.conv2d({ ...s, kernelSize: s.kernelSize as Pair }))],
  [
    'Conv1D',
    ({ height, channels, filters, kernelSize, strides, padding, activation, useBias }) =>
      around(
        [height, 2],
        layers.conv1d({ filters: channels, kernelSize: 1 }),
        layers.conv1d({
          ...{ filters, padding, activation, useBias },
          ...{ kernelSize: kernelSize[0], strides: strides[0] },
        }),
      ),
  ],
  ['DepthwiseConv2D', (s) => images(s, layers.depthwiseConv2d(withOneStride(s)))],
  ['SeparableConv2D', (s) => images(s, layers.separableConv2d(withOneStride(s)))],
  ['MaxPooling2D', (s) => images(s, layers.maxPooling2d(poolingOf(s)))],
  ['AveragePooling2D', (s) => images(s, layers.averagePooling2d(poolingOf(s)))],
];

function withOneStride(s: Settings) {
  return { ...s, strides: [s.strides[0], s.strides[0]] as Pair };
}

function poolingOf({ poolSize, strides, padding }: Settings) {
  return { poolSize, strides, padding };
}

for (const backend of backends) {
  for (const [name, build] of kinds) {
    test.serial(`${name} of any shape, stride and padding (${backend})`, async (t) => {
      const property = fc.asyncProperty(settings, async (s) => {
        await useBackend('cpu');
        const problem = await problemOf(build(s), 3, s.seed);
        await equalsAutomatic(t, problem, backend, 2 ** -14);
        problem.model.dispose();
      });
      await fc.assert(property, { numRuns: 12 });
    });
  }
}
