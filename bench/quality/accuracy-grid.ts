import { accuracyText } from '../../examples/digits/accuracy-text.js';
import { mean } from '../../examples/digits/moments.js';
import type { TableName } from './grid.js';
import type { DenseResult, QualityCase, QualityResult } from './result.js';

/** A table of texts, for the terminal or for Markdown. */
export interface AccuracyGrid {
  title: string;
  head: string[];
  rows: string[][];
}

/** Two tables a network: methods by sparsities, and methods by N; those that would be empty are left out. */
export function accuracyGrids(result: QualityResult): AccuracyGrid[] {
  return result.dense.flatMap((dense) =>
    [overSparsities(result, dense), overSamples(result, dense)].filter(
      ({ rows, head }) => rows.length > 0 && head.length > 2,
    ),
  );
}

/** The cases of a network that one of its tables shows. */
export function casesOf(
  { cases }: QualityResult,
  { dataset, network }: DenseResult,
  table: TableName,
): QualityCase[] {
  return cases.filter(
    (one) => one.dataset === dataset && one.network === network && one.tables.includes(table),
  );
}

function overSparsities(result: QualityResult, dense: DenseResult): AccuracyGrid {
  const cases = casesOf(result, dense, 'sparsities');
  const at = ({ sparsity }: QualityCase): number => sparsity;
  return {
    title: `${titleOf(dense)}, N = ${result.tableSamples}`,
    ...byMethod(cases, at, percent),
  };
}

function overSamples(result: QualityResult, dense: DenseResult): AccuracyGrid {
  const cases = casesOf(result, dense, 'samples');
  const at = ({ samples }: QualityCase): number => samples ?? 0;
  return {
    title: `${titleOf(dense)}, ${percent(result.tableSparsity)} pruned`,
    ...byMethod(cases, at, (samples) => `N = ${samples}`),
  };
}

function titleOf(dense: DenseResult): string {
  return `${dense.dataset}, ${dense.network}, dense ${accuracyText(dense)}`;
}

/** A row a method and a column a value, and the mean time of the row's runs. */
function byMethod(
  cases: readonly QualityCase[],
  at: (one: QualityCase) => number,
  heading: (value: number) => string,
): Pick<AccuracyGrid, 'head' | 'rows'> {
  const columns = [...new Set(cases.map(at))].sort((a, b) => a - b);
  const methods = [...new Set(cases.map(({ method }) => method))];
  const rows = methods.map((method) => {
    const found = cases.filter((one) => one.method === method);
    const texts = columns.map((value) => {
      const one = found.find((one) => at(one) === value);
      return one === undefined ? '' : accuracyText(one);
    });
    return [method, ...texts, mean(found.map(({ seconds }) => seconds)).toPrecision(2)];
  });
  return { head: ['method', ...columns.map(heading), 'seconds'], rows };
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}
