import { setImmediate } from 'node:timers/promises';
import { type Examples, inputTensor, labelTensor, sliceExamples } from '../data/examples.js';
import { graphOf } from '../graph.js';
import { labelSource } from '../labels.js';
import { type LossFunction, type LossName, objectiveOf } from '../objective.js';
import type { Pass } from '../step.js';
import type { LayersModel, Tensor, TensorFlow } from '../tensorflow.js';
import { type MetricFunction, metricsOf } from './metrics.js';

/** Means over examples: `loss`, and each metric by its name. */
export type Metrics = { loss: number } & Record<string, number>;

/** Evaluates a model, at the weights it has when a function is called, as at inference. */
export interface Evaluator {
  /** Mean loss, without regularizers, in float64 over batches. */
  loss(examples: Examples): Promise<number>;
  metrics(examples: Examples): Promise<Metrics>;
}

export interface EvaluatorOptions {
  loss?: LossName | LossFunction;
  metrics?: Readonly<Record<string, MetricFunction>>;
  /** Examples in a pass. */
  batchSize: number;
  signal?: AbortSignal;
}

/**
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL` or `ERR_WOODFISHER_OPTION` for a model or a loss
 *   that the gradients do not go with either.
 */
export function evaluatorOf(
  tf: TensorFlow,
  model: LayersModel,
  { loss, metrics: given, batchSize, signal }: EvaluatorOptions,
): Evaluator {
  const graph = graphOf(model);
  const objective = objectiveOf(tf, model, graph, loss);
  const metrics = metricsOf(tf, model, objective, given);
  const pass: Pass = { tf, tap: (y) => y };

  /** Sums over the examples of one batch: the loss, then each metric that is wanted. */
  async function sumsOf(batch: Examples, wanted: typeof metrics): Promise<number[]> {
    const raw = labelTensor(tf, batch);
    try {
      const source = await labelSource(tf, raw, objective.labelForm, batch.count);
      const sums = tf.tidy(() => {
        const values: Tensor[] = [inputTensor(tf, batch)];
        for (const step of graph.steps) {
          values.push(step.run(pass, ...step.inputs.map((value) => values[value])));
        }
        const labels = source.batch(0, batch.count);
        const outputs = values[graph.output];
        // Losses take the values of an example as a row, metrics as the model gives them.
        const { kind } = objective.labelForm;
        const shaped = kind === 'targets' ? tf.reshape(labels, outputs.shape) : labels;
        return [
          objective.summedLoss(labels, values[objective.output]),
          ...wanted.map(({ of, labels: form }) =>
            tf.mul(tf.mean(of(form === 'as given' ? raw : shaped, outputs)), batch.count),
          ),
        ];
      });
      const numbers = await Promise.all(sums.map(async (sum) => (await sum.data())[0]));
      for (const sum of sums) sum.dispose();
      return numbers;
    } finally {
      raw.dispose();
    }
  }

  async function means(examples: Examples, wanted: typeof metrics): Promise<number[]> {
    const totals = new Array<number>(wanted.length + 1).fill(0);
    for (let start = 0; start < examples.count; start += batchSize) {
      signal?.throwIfAborted();
      const end = Math.min(start + batchSize, examples.count);
      const sums = await sumsOf(sliceExamples(examples, start, end), wanted);
      sums.forEach((sum, i) => {
        totals[i] += sum;
      });
      await setImmediate(); // data() of some backends is there at once and lets nobody else run
    }
    return totals.map((total) => total / examples.count);
  }

  return {
    loss: async (examples) => (await means(examples, []))[0],
    metrics: async (examples) => {
      const [mean, ...rest] = await means(examples, metrics);
      const named = metrics.map(({ name }, i) => [name, rest[i]] as const);
      return { ...Object.fromEntries(named), loss: mean };
    },
  };
}
