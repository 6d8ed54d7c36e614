import { type Curve, type LineChartOptions, lineChart } from '../../plots/lines.js';
import { tile } from '../../plots/tile.js';
import { casesOf } from './accuracy-grid.js';
import type { TableName } from './grid.js';
import type { DenseResult, QualityCase, QualityResult } from './result.js';

/** For each network what it gets wrong, over sparsity and over N, a curve a method; SVG text. */
export async function qualityPlot(result: QualityResult): Promise<string> {
  const rows: string[][] = [];
  for (const dense of result.dense) {
    const name = `${dense.dataset}, ${dense.network}`;
    const charts = [
      await chart(result, dense, 'sparsities', ({ sparsity }) => 100 * sparsity, {
        title: name,
        subtitle: `N = ${result.tableSamples}`,
        x: 'pruned, %',
      }),
      await chart(result, dense, 'samples', ({ samples }) => samples ?? 0, {
        title: name,
        subtitle: `${Math.round(100 * result.tableSparsity)} % pruned`,
        x: 'N (logarithmic)',
        logarithmic: { x: true },
      }),
    ];
    rows.push(charts.filter((svg) => svg !== undefined));
  }
  return tile(rows);
}

async function chart(
  result: QualityResult,
  dense: DenseResult,
  table: TableName,
  at: (one: QualityCase) => number,
  options: Omit<LineChartOptions, 'y'>,
): Promise<string | undefined> {
  const cases = casesOf(result, dense, table);
  if (cases.length === 0) return undefined;
  return await lineChart(curvesOf(cases, at), {
    ...options,
    palette: [...new Set(result.cases.map(({ method }) => method))],
    y: 'test images that are wrong, % (logarithmic)',
    logarithmic: { ...options.logarithmic, y: true },
  });
}

/** A curve a method. A deviation that reaches 0 has no place on a logarithmic axis and is left out. */
function curvesOf(cases: readonly QualityCase[], at: (one: QualityCase) => number): Curve[] {
  const methods = [...new Set(cases.map(({ method }) => method))];
  return methods.map((method) => ({
    label: method,
    points: cases
      .filter((one) => one.method === method)
      .map((one) => {
        const wrong = Math.max(100 * (1 - one.mean), LEAST_WRONG);
        const deviation = 100 * (one.sd ?? 0);
        return { x: at(one), y: wrong, ...(deviation < wrong && { deviation }) };
      })
      .sort((a, b) => a.x - b.x),
  }));
}

/** One of 10,000 images: where none is wrong, a logarithmic axis still wants a number. */
const LEAST_WRONG = 0.01;
