import type { ExampleGradients } from '../step.js';

/**
 * Gradients of a parameter that is spread over the values of an example: the sum of the deltas of the
 * values it is at, each times its `factors` value where they are given.
 *
 * @param index For each value of an example the weight it has.
 * @param deltas [k, index.length].
 * @param factors [k, index.length].
 */
export function indexedSums(
  index: Int32Array,
  deltas: Float32Array,
  factors?: Float32Array,
): ExampleGradients {
  const size = index.length;
  return {
    add(n, sum) {
      const at = n * size;
      if (factors === undefined) {
        for (let e = 0; e < size; e++) sum[index[e]] += deltas[at + e];
      } else {
        for (let e = 0; e < size; e++) sum[index[e]] += deltas[at + e] * factors[at + e];
      }
    },
  };
}

/** The gradients of a bias: the sums of the deltas of each output, which is the last axis. */
export function biasSums(values: number, outputs: number, deltas: Float32Array): ExampleGradients {
  return indexedSums(
    Int32Array.from({ length: values }, (_, e) => e % outputs),
    deltas,
  );
}
