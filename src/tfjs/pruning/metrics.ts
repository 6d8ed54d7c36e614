import type { Objective } from '../objective.js';
import type { LayersModel, Tensor, TensorFlow } from '../tensorflow.js';

/**
 * A metric of a batch: from labels [k, …] as the dataset has them and predictions [k, …] to one value
 * for each example, or their mean.
 */
export type MetricFunction = (labels: Tensor, predictions: Tensor) => Tensor;

/** A metric, and whether it takes labels in the form of the loss (one-hot rows), not as they came. */
export interface Metric {
  name: string;
  of: MetricFunction;
  labels: 'as given' | 'of the loss';
}

/**
 * The metrics of a model: `accuracy` where the loss is a cross-entropy, and what it was compiled with.
 * `given` stand in place of the compiled ones.
 */
export function metricsOf(
  tf: TensorFlow,
  model: LayersModel,
  { name }: Objective,
  given?: Readonly<Record<string, MetricFunction>>,
): Metric[] {
  const metrics: Metric[] = [];
  const accuracy = name === undefined ? undefined : accuracies(tf)[name];
  if (accuracy !== undefined) {
    metrics.push({ name: 'accuracy', of: accuracy, labels: 'of the loss' });
  }
  if (given !== undefined) {
    for (const [key, of] of Object.entries(given)) {
      metrics.push({ name: key, of, labels: 'as given' });
    }
    return metrics;
  }
  // Without compile() there are none, whatever the types say.
  const compiled = (model.metricsTensors as LayersModel['metricsTensors'] | undefined) ?? [];
  const labels = name === 'sparseCategoricalCrossentropy' ? 'as given' : 'of the loss';
  compiled.forEach(([of], i) => {
    const key = model.metricsNames[i + 1];
    if (key === 'acc' && accuracy !== undefined) return;
    metrics.push({ name: key === 'acc' ? 'accuracy' : key, of, labels });
  });
  return metrics;
}

/** What share of an example's outputs is right, by the loss. */
function accuracies(tf: TensorFlow): Partial<Record<string, MetricFunction>> {
  const classes: MetricFunction = (labels, predictions) =>
    tf.cast(tf.equal(tf.argMax(labels, 1), tf.argMax(predictions, 1)), 'float32');
  return {
    categoricalCrossentropy: classes,
    sparseCategoricalCrossentropy: classes,
    binaryCrossentropy: (labels, predictions) =>
      tf.mean(
        tf.cast(tf.equal(tf.greater(labels, 0.5), tf.greater(predictions, 0.5)), 'float32'),
        1,
      ),
  };
}
