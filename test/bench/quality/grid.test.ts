import test from 'ava';
import { cellsOf, type GridOptions } from '../../../bench/quality/grid.js';
import type { QualityMethod } from '../../../bench/quality/methods.js';
import { SUBJECTS } from '../../../bench/quality/subjects.js';

const plain: QualityMethod = { name: 'plain', options: {}, needs: [] };
const fisher: QualityMethod = { name: 'fisher', options: {}, needs: ['gradients'] };
const options: Omit<GridOptions, 'methods'> = {
  subjects: SUBJECTS.slice(0, 1),
  sparsities: [0.9, 0.95],
  samples: [100, 1_000],
  tableSamples: 1_000,
  tableSparsity: 0.95,
};

function cells(method: QualityMethod, change: Partial<GridOptions> = {}): unknown[] {
  return cellsOf({ ...options, methods: [method], ...change }).map(
    ({ sparsity, samples, tables }) => [sparsity, samples, tables.join(' ')],
  );
}

test('what stands in both tables is run once', (t) => {
  t.deepEqual(cells(fisher), [
    [0.9, 1_000, 'sparsities'],
    [0.95, 1_000, 'sparsities samples'],
    [0.95, 100, 'samples'],
  ]);
});

test('a method without gradients has no N, and stands in one table', (t) => {
  t.deepEqual(cells(plain), [
    [0.9, null, 'sparsities'],
    [0.95, null, 'sparsities'],
  ]);
});

test('a method with an N and sparsities of its own is run at these alone', (t) => {
  t.deepEqual(cells({ ...fisher, samples: 4_000, sparsities: [0.95, 0.98] }), [
    [0.95, 4_000, 'sparsities'],
  ]);
  t.deepEqual(cells({ ...fisher, sparsities: [0.9] }), [[0.9, 1_000, 'sparsities']]);
});

test('a table may be left out', (t) => {
  t.deepEqual(cells(fisher, { sparsities: [] }), [
    [0.95, 100, 'samples'],
    [0.95, 1_000, 'samples'],
  ]);
  t.deepEqual(cells(fisher, { samples: [], sparsities: [0.5] }), [[0.5, 1_000, 'sparsities']]);
});
