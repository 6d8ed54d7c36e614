import fc from 'fast-check';
import type { ParameterShape } from '../../src/blocks/block-shape.js';
import type { RunSettings } from '../../src/plan/run-settings.js';

/** Settings of a run, for tests to change. */
export function runSettings(changes: Partial<RunSettings> = {}): RunSettings {
  return {
    run: 'prune',
    parameters: [
      { name: 'a', shape: [300, 100] },
      { name: 'b', shape: [1000, 200], outputAxis: 1 },
      { name: 'bias', shape: [300] },
    ],
    blockSize: 100,
    solver: 'auto',
    samples: 500,
    gradientBatch: 128,
    criterion: 'woodfisher',
    update: 'joint',
    sparsity: 0.9,
    threads: 2,
    inPlace: false,
    ...changes,
  };
}

/** Shapes of a few parameters of two axes of at most `axis` each, and of a bias. */
export function shapes(axis: number): fc.Arbitrary<ParameterShape[]> {
  return fc
    .array(fc.tuple(fc.integer({ min: 1, max: axis }), fc.integer({ min: 1, max: axis })), {
      minLength: 1,
      maxLength: 4,
    })
    .map((sizes) => [
      ...sizes.map((shape, i): ParameterShape => ({ name: `p${i}`, shape, outputAxis: i % 2 })),
      { name: 'bias', shape: [7] },
    ]);
}
