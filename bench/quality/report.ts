import Table from 'cli-table3';
import { accuracyText } from '../../examples/digits/accuracy-text.js';
import { accuracyGrids } from './accuracy-grid.js';
import { judgeQuality, type QualityFigure } from './figures.js';
import type { QualityResult } from './result.js';

const STYLE = { head: [], border: [], compact: true };

/** All tables, for people. */
export function qualityReport(result: QualityResult): string {
  const figures = judgeQuality(result);
  return [
    'Test images that are right, %; no retraining.',
    ...accuracyGrids(result).flatMap(({ title, head, rows }) => [
      '',
      title,
      textTable(head, rows, 'right'),
    ]),
    ...(figures.length > 0 ? ['', figureTable(figures)] : []),
    ...Object.entries(result.skipped).map(([name, why]) => `${name} left out: ${why}`),
  ].join('\n');
}

function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: 'left' | 'right',
): string {
  const colAligns = head.map((_, i) => (i === 0 ? 'left' : numbers));
  const table = new Table({ head: [...head], colAligns, style: STYLE });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

function figureTable(figures: readonly QualityFigure[]): string {
  const head = ['network', 'pruned', 'best on held-out images', 'wanted', 'reached', ''];
  const rows = figures.map(({ subject, sparsity, method, samples, wanted, reached, ok }) => [
    subject,
    `${Math.round(100 * sparsity)} %`,
    samples === null ? method : `${method}, N = ${samples}`,
    accuracyText({ mean: wanted, sd: null }),
    accuracyText({ mean: reached, sd: null }),
    ok === null ? '' : ok ? 'yes' : 'NO',
  ]);
  return textTable(head, rows, 'left');
}
