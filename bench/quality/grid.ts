import { type QualityMethod, tableSamplesOf } from './methods.js';
import type { Subject } from './subjects.js';

/** N of the table over sparsities. */
export const TABLE_SAMPLES = 1_000;
/** The sparsity of the table over N. */
export const TABLE_SPARSITY = 0.95;

/** A table that a figure stands in: methods by sparsities, or methods by N. */
export type TableName = 'sparsities' | 'samples';

/** One figure of a table: a method at a sparsity and an N; as many runs as there are seeds. */
export interface Cell {
  subject: Subject;
  method: QualityMethod;
  sparsity: number;
  /** Gradients at each step, or their mean over the steps; null where the method takes none. */
  samples: number | null;
  tables: TableName[];
}

/** What the tables are over. */
export interface GridOptions {
  subjects: readonly Subject[];
  methods: readonly QualityMethod[];
  /** Of the table over sparsities, at N = `tableSamples`. */
  sparsities: readonly number[];
  /** Of the table over N, at `tableSparsity`. */
  samples: readonly number[];
  tableSamples: number;
  tableSparsity: number;
}

/** All cells of both tables, each once: network by network, method by method. */
export function cellsOf(options: GridOptions): Cell[] {
  return options.subjects.flatMap((subject) =>
    options.methods.flatMap((method) => {
      const cells = overSparsities(subject, method, options);
      for (const cell of overSamples(subject, method, options)) {
        const same = cells.find(
          ({ sparsity, samples }) => sparsity === cell.sparsity && samples === cell.samples,
        );
        if (same === undefined) cells.push(cell);
        else same.tables.push('samples');
      }
      return cells;
    }),
  );
}

function overSparsities(
  subject: Subject,
  method: QualityMethod,
  { sparsities, tableSamples }: GridOptions,
): Cell[] {
  const N = tableSamplesOf(method, tableSamples);
  const samples = method.needs.includes('gradients') ? N : null;
  return sparsities
    .filter((sparsity) => isRunAt(method, sparsity))
    .map((sparsity) => ({ subject, method, sparsity, samples, tables: ['sparsities'] }));
}

/** Methods whose gradients are of the number that the table says, at each of its numbers. */
function overSamples(
  subject: Subject,
  method: QualityMethod,
  { samples: counts, tableSparsity }: GridOptions,
): Cell[] {
  const { needs, samples: own } = method;
  if (!needs.includes('gradients') || own !== undefined || !isRunAt(method, tableSparsity)) {
    return [];
  }
  return counts.map((samples) => ({
    subject,
    method,
    sparsity: tableSparsity,
    samples,
    tables: ['samples'],
  }));
}

function isRunAt({ sparsities }: QualityMethod, sparsity: number): boolean {
  return sparsities === undefined || sparsities.includes(sparsity);
}
