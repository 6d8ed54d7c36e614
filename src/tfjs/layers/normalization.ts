import type { Pass } from '../step.js';
import { indexedSums } from '../sums/indexed-sums.js';
import type { Tensor } from '../tensorflow.js';
import { type Application, byName, type Layer, type LayerKind, layerError } from './application.js';

type Variable = Layer['weights'][number];

interface NormalizationLayer {
  axis: number | number[];
  epsilon: number;
  gamma?: Variable | null;
  beta?: Variable | null;
  movingMean: Variable;
  movingVariance: Variable;
}

/** BatchNormalization as in inference: by the moving mean and variance, which are constants. */
export const batchNormalization: LayerKind = (application) => {
  const layer = settings(application.layer);
  const rank = application.outputShape.length;
  if (layer.axis !== -1 && layer.axis !== rank - 1) {
    throw layerError(
      application.layer,
      `has axis ${layer.axis}; it must be the last, since TensorFlow.js does not broadcast others`,
    );
  }
  return normalizationSteps(application, layer, ({ tf }, x, axes) => {
    const shape = spread(x, axes);
    const deviation = tf.sqrt(tf.add(layer.movingVariance.read(), layer.epsilon));
    const centred = tf.sub(x, tf.reshape(layer.movingMean.read(), shape));
    return tf.div(centred, tf.reshape(deviation, shape));
  });
};

/** LayerNormalization: by the mean and variance of each example over the layer's axes. */
export const layerNormalization: LayerKind = (application) => {
  const layer = settings(application.layer);
  return normalizationSteps(application, layer, ({ tf }, x, axes) => {
    const centred = tf.sub(x, tf.mean(x, [...axes], true));
    const variance = tf.mean(tf.square(centred), [...axes], true);
    return tf.div(centred, tf.sqrt(tf.add(variance, layer.epsilon)));
  });
};

function normalizationSteps(
  application: Application,
  layer: NormalizationLayer,
  normalized: (pass: Pass, x: Tensor, axes: readonly number[]) => Tensor,
) {
  const { gamma, beta } = layer;
  const parameters = [gamma, beta].map((variable) => [variable, 'positions'] as const);
  return [
    {
      name: 'normalization',
      modes: byName(application, parameters),
      run: (pass: Pass, x: Tensor) => {
        const { tf } = pass;
        const axes = [layer.axis].flat().map((axis) => (axis < 0 ? axis + x.rank : axis));
        const shape = spread(x, axes);
        const index = weightIndex(x.shape, axes);
        const normal = normalized(pass, x, axes);
        const scaled = gamma ? tf.mul(normal, tf.reshape(gamma.read(), shape)) : normal;
        return pass.tap(
          beta ? tf.add(scaled, tf.reshape(beta.read(), shape)) : scaled,
          [normal],
          byName(application, [
            [gamma, (deltas, factors) => indexedSums(index, deltas, factors)],
            [beta, (deltas) => indexedSums(index, deltas)],
          ]),
        );
      },
    },
  ];
}

function settings(layer: Layer): NormalizationLayer {
  return layer as unknown as NormalizationLayer;
}

/** The shape of a weight that has the sizes of `axes`, so that it meets x. */
function spread({ shape }: Tensor, axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? size : 1));
}

/** For each value of an example of shape [k, …] the index of its weight, which has the axes `axes`. */
export function weightIndex(shape: readonly number[], axes: readonly number[]): Int32Array {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const index = new Int32Array(size);
  let [inner, stride] = [1, 1];
  for (let axis = shape.length - 1; axis >= 1; axis--) {
    if (axes.includes(axis)) {
      for (let e = 0; e < size; e++) {
        index[e] += (Math.floor(e / inner) % shape[axis]) * stride;
      }
      stride *= shape[axis];
    }
    inner *= shape[axis];
  }
  return index;
}
