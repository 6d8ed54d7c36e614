import test from 'ava';
import {
  around,
  equalsAutomatic,
  equalsDifferences,
  ownGradients,
  problemOf,
} from './automatic.js';
import { backends, tf, useBackend } from './backends.js';

const { layers } = tf;

test.before(() => useBackend('cpu'));

/** Each kind of layer that has weights, in smooth surroundings. */
const weighted: [string, () => tf.LayersModel][] = [
  ['Dense', () => around([4], layers.dense({ units: 3, activation: 'tanh' }))],
  ['Dense on a sequence', () => around([3, 4], layers.dense({ units: 2, activation: 'sigmoid' }))],
  [
    'TimeDistributed Dense',
    () => around([3, 4], layers.timeDistributed({ layer: layers.dense({ units: 2 }) })),
  ],
  [
    'Conv1D',
    () => around([7, 2], layers.conv1d({ filters: 3, kernelSize: 3, activation: 'tanh' })),
  ],
  [
    'Conv2D',
    () =>
      around(
        [5, 6, 2],
        layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'tanh' }),
        layers.conv2d({ filters: 2, kernelSize: [2, 3], strides: [2, 1] }),
      ),
  ],
  [
    'Conv2D, channels first',
    () =>
      around(
        [2, 5, 4],
        layers.conv2d({ filters: 3, kernelSize: 2, dataFormat: 'channelsFirst' }),
        layers.conv2d({
          filters: 2,
          kernelSize: 2,
          dataFormat: 'channelsFirst',
          activation: 'sigmoid',
        }),
      ),
  ],
  [
    'DepthwiseConv2D',
    () =>
      around(
        [5, 5, 3],
        layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'tanh' }),
        layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, strides: [2, 2] }),
      ),
  ],
  [
    'SeparableConv2D',
    () =>
      around(
        [6, 5, 2],
        layers.separableConv2d({ filters: 3, kernelSize: 3, depthMultiplier: 2, padding: 'same' }),
        layers.separableConv2d({ filters: 2, kernelSize: 2, useBias: false, activation: 'tanh' }),
      ),
  ],
  [
    'BatchNormalization',
    () =>
      around(
        [4, 3, 2],
        layers.conv2d({ filters: 2, kernelSize: 2 }),
        layers.batchNormalization(),
        layers.activation({ activation: 'tanh' }),
        layers.batchNormalization(),
      ),
  ],
  [
    'LayerNormalization',
    () => around([4, 3], layers.dense({ units: 4 }), layers.layerNormalization()),
  ],
  [
    'LayerNormalization over two axes',
    () => around([4, 3], layers.dense({ units: 2 }), layers.layerNormalization({ axis: [1, 2] })),
  ],
  ['SimpleRNN', () => around([4, 3], layers.simpleRNN({ units: 2 }))],
  [
    'LSTM',
    () =>
      around(
        [4, 3],
        layers.lstm({ units: 2, returnSequences: true, recurrentActivation: 'sigmoid' }),
        layers.lstm({ units: 3, recurrentActivation: 'sigmoid', goBackwards: true }),
      ),
  ],
  [
    'GRU',
    () =>
      around(
        [4, 3],
        layers.gru({ units: 2, returnSequences: true, recurrentActivation: 'sigmoid' }),
        layers.gru({ units: 3, recurrentActivation: 'sigmoid', useBias: false }),
      ),
  ],
  ...(['concat', 'sum', 'ave', 'mul'] as const).map((mergeMode): [string, () => tf.LayersModel] => [
    `Bidirectional, ${mergeMode}`,
    () =>
      around(
        [3, 2],
        layers.bidirectional({
          layer: layers.lstm({
            units: 2,
            returnSequences: true,
            recurrentActivation: 'sigmoid',
          }) as never,
          mergeMode,
        }),
        layers.bidirectional({
          layer: layers.gru({ units: 2, recurrentActivation: 'sigmoid' }) as never,
          mergeMode,
        }),
      ),
  ]),
];

/** What TensorFlow.js has no gradient of. */
const beyond: [string, () => tf.LayersModel][] = [
  [
    'Conv1D, dilated',
    () => around([8, 2], layers.conv1d({ filters: 2, kernelSize: 3, dilationRate: 2 })),
  ],
  [
    'Conv2D, dilated',
    () =>
      around(
        [7, 6, 2],
        layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, padding: 'same' }),
        layers.conv2d({ filters: 2, kernelSize: [3, 2], dilationRate: [2, 3] }),
      ),
  ],
  [
    'SeparableConv2D, dilated',
    () =>
      around(
        [6, 6, 2],
        layers.separableConv2d({ filters: 2, kernelSize: 2, dilationRate: 2, padding: 'same' }),
        layers.separableConv2d({ filters: 2, kernelSize: 2, dilationRate: [2, 3] }),
      ),
  ],
  [
    'BatchNormalization without scale or centre',
    () =>
      around(
        [3, 2],
        layers.dense({ units: 2 }),
        layers.batchNormalization({ scale: false }),
        layers.batchNormalization({ center: false }),
      ),
  ],
];

/** The same; where the loss has kinks, the steps are to be small. */
const kinked: [string, () => tf.LayersModel][] = [
  [
    'UpSampling2D, bilinear',
    () =>
      around(
        [3, 2, 2],
        layers.conv2d({ filters: 2, kernelSize: 1 }),
        layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }),
      ),
  ],
  [
    'ThresholdedReLU',
    () => around([6], layers.dense({ units: 5 }), layers.thresholdedReLU({ theta: 0.25 })),
  ],
];

for (const backend of backends) {
  for (const [name, build] of kinked) {
    test.serial(`${name}: as the loss goes (${backend})`, async (t) => {
      const problem = await problemOf(build());
      await equalsDifferences(t, problem, await ownGradients(t, problem, backend), 2 ** -9);
      problem.model.dispose();
    });
  }

  for (const [name, build] of beyond) {
    test.serial(`${name}: as the loss goes (${backend})`, async (t) => {
      const problem = await problemOf(build());
      await equalsDifferences(t, problem, await ownGradients(t, problem, backend));
      problem.model.dispose();
    });
  }

  for (const [name, build] of weighted) {
    test.serial(
      `${name}: as TensorFlow.js derives, and as the loss goes (${backend})`,
      async (t) => {
        const problem = await problemOf(build());
        const gradients = await equalsAutomatic(t, problem, backend);
        for (const values of Object.values(gradients)) t.true(values.some((g) => g !== 0));
        await equalsDifferences(t, problem, gradients);
        problem.model.dispose();
      },
    );
  }

  test.serial(`Embedding: rows that are looked up, once or more (${backend})`, async (t) => {
    const model = around([4], layers.embedding({ inputDim: 6, outputDim: 3 }));
    const problem = await problemOf(model);
    const looked = { ...problem, inputs: Float32Array.from([0, 3, 3, 1, 5, 5, 5, 5, 2, 0, 4, 1]) };
    const gradients = await equalsAutomatic(t, looked, backend);
    await equalsDifferences(t, looked, gradients);
    model.dispose();
  });

  test.serial(`PReLU: slopes of their own and shared ones (${backend})`, async (t) => {
    const model = around(
      [3, 4, 2],
      layers.prelu({ sharedAxes: [1, 2] }),
      layers.conv2d({ filters: 2, kernelSize: 2 }),
      layers.prelu(),
    );
    await equalsAutomatic(t, await problemOf(model), backend);
    model.dispose();
  });

  const between: [string, number[], () => tf.layers.Layer[]][] = [
    ['MaxPooling2D', [6, 6, 2], () => [layers.maxPooling2d({ poolSize: 2 })]],
    [
      'MaxPooling2D whose windows overlap',
      [7, 6, 2],
      () => [layers.maxPooling2d({ poolSize: [3, 2], strides: [2, 1], padding: 'same' })],
    ],
    [
      'MaxPooling2D, channels first',
      [2, 6, 6],
      () => [layers.maxPooling2d({ poolSize: 2, dataFormat: 'channelsFirst' })],
    ],
    ['AveragePooling2D', [6, 7, 2], () => [layers.averagePooling2d({ poolSize: 2 })]],
    [
      'AveragePooling2D whose windows overlap',
      [7, 6, 2],
      () => [layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })],
    ],
    ['GlobalMaxPooling2D', [4, 5, 3], () => [layers.globalMaxPooling2d({})]],
    [
      'GlobalMaxPooling2D, channels first',
      [3, 4, 5],
      () => [layers.globalMaxPooling2d({ dataFormat: 'channelsFirst' })],
    ],
    ['GlobalAveragePooling2D', [4, 5, 3], () => [layers.globalAveragePooling2d({})]],
    [
      'ZeroPadding2D',
      [4, 5, 2],
      () => [
        layers.zeroPadding2d({
          padding: [
            [1, 2],
            [0, 1],
          ],
        }),
      ],
    ],
    [
      'Cropping2D',
      [5, 6, 2],
      () => [
        layers.cropping2D({
          cropping: [
            [1, 2],
            [0, 1],
          ],
        }),
      ],
    ],
    ['UpSampling2D', [3, 2, 2], () => [layers.upSampling2d({ size: [2, 3] })]],
    [
      'UpSampling2D, channels first',
      [2, 3, 3],
      () => [layers.upSampling2d({ size: [2, 2], dataFormat: 'channelsFirst' })],
    ],
    ['Permute', [3, 4, 2], () => [layers.permute({ dims: [3, 1, 2] })]],
    ['Rescaling', [3, 4, 2], () => [layers.rescaling({ scale: 0.5, offset: 1 })]],
    [
      'noise and dropout',
      [3, 4, 2],
      () => [
        layers.gaussianNoise({ stddev: 1 }),
        layers.gaussianDropout({ rate: 0.5 }),
        layers.alphaDropout({ rate: 0.5 }),
      ],
    ],
  ];
  for (const [name, shape, build] of between) {
    test.serial(`${name} passes the deltas on (${backend})`, async (t) => {
      const isFirst = name.includes('channels first');
      const conv = layers.conv2d({
        filters: isFirst ? shape[0] : shape[2],
        kernelSize: 1,
        dataFormat: isFirst ? 'channelsFirst' : 'channelsLast',
      });
      const problem = await problemOf(around(shape, conv, ...build()));
      await equalsAutomatic(t, problem, backend);
      problem.model.dispose();
    });
  }

  const sequences: [string, () => tf.layers.Layer[]][] = [
    ['MaxPooling1D', () => [layers.maxPooling1d({ poolSize: 2 })]],
    ['AveragePooling1D', () => [layers.averagePooling1d({ poolSize: 3, strides: 2 })]],
    ['GlobalMaxPooling1D', () => [layers.globalMaxPooling1d()]],
    ['GlobalAveragePooling1D', () => [layers.globalAveragePooling1d()]],
    ['SpatialDropout1D', () => [layers.spatialDropout1d({ rate: 0.5 })]],
    ['RepeatVector', () => [layers.flatten(), layers.repeatVector({ n: 3 })]],
  ];
  for (const [name, build] of sequences) {
    test.serial(`${name} passes the deltas on (${backend})`, async (t) => {
      const conv = layers.conv1d({ filters: 3, kernelSize: 2 });
      const problem = await problemOf(around([8, 2], conv, ...build()));
      await equalsAutomatic(t, problem, backend);
      problem.model.dispose();
    });
  }
}
