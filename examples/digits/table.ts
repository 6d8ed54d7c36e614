import Table from 'cli-table3';
import { percent } from './accuracy-text.js';

/** A method and its accuracies (0 … 1), one per sparsity; undefined where it was not run. */
export interface Row {
  title: string;
  accuracies: readonly (number | undefined)[];
}

/** Accuracies in percent, a row per method and a column per sparsity. */
export function accuracyTable(
  dense: number,
  sparsities: readonly number[],
  rows: readonly Row[],
): string {
  const table = new Table({
    head: [
      `accuracy, % (dense ${percent(dense)})`,
      ...sparsities.map((s) => `${Math.round(100 * s)} % zero`),
    ],
    colAligns: ['left', ...sparsities.map((): 'right' => 'right')],
    style: { head: [], border: [] },
  });
  const cell = (share: number | undefined): string => (share === undefined ? '–' : percent(share));
  for (const { title, accuracies } of rows) table.push([title, ...accuracies.map(cell)]);
  return table.toString();
}
