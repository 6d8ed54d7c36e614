import type { QualityCase, QualityResult } from '../../../bench/quality/result.js';

/** A case of LeNet-300-100 on MNIST. */
export function exampleCase(change: Partial<QualityCase>): QualityCase {
  return {
    dataset: 'mnist',
    network: 'lenet-300-100',
    method: 'joint',
    sparsity: 0.95,
    samples: 1_000,
    tables: ['sparsities', 'samples'],
    accuracies: [0.96, 0.98],
    mean: 0.97,
    sd: 0.0141,
    heldOut: 0.97,
    seconds: 2,
    ...change,
  };
}

/** A result of these cases. */
export function exampleResult(cases: QualityCase[], quick = false): QualityResult {
  return {
    quick,
    seeds: [1, 2],
    tableSamples: 1_000,
    tableSparsity: 0.95,
    dense: [
      {
        dataset: 'mnist',
        network: 'lenet-300-100',
        accuracies: [0.98, 0.984],
        mean: 0.982,
        sd: 0.0028,
        heldOut: 0.98,
      },
    ],
    cases,
    skipped: {},
  };
}
