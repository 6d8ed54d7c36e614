import Table from 'cli-table3';
import type { ModelTotals, TensorSummary } from '../../formats/compact/summary.js';
import { formatBytes } from '../../memory/byte-size.js';
import { count, percent } from './numbers.js';

/** Rows of a table at most: what people read, and not what a hostile file may have. */
const MOST_ROWS = 2000;

/** The tensors of a model with what is in them and what they take, for people. */
export function modelTable(tensors: readonly TensorSummary[], totals: ModelTotals): string {
  const table = new Table({
    head: ['tensor', 'dtype', 'shape', 'zeros', 'dense', 'compact', 'format'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const tensor of tensors.slice(0, MOST_ROWS)) {
    table.push([
      printable(tensor.name),
      tensor.dtype,
      `[${tensor.shape.join(', ')}]`,
      percent(tensor.sparsity),
      formatBytes(tensor.denseBytes),
      formatBytes(tensor.compactBytes),
      tensor.reason === undefined ? tensor.format : `${tensor.format} (${tensor.reason})`,
    ]);
  }
  if (tensors.length > MOST_ROWS) {
    const left = `and ${count(tensors.length - MOST_ROWS)} more; --json has all`;
    table.push([left, '', '', '', '', '', '']);
  }
  if (tensors.length > 1) {
    const sums = tensors.reduce(
      (sum, { denseBytes, compactBytes }) => [sum[0] + denseBytes, sum[1] + compactBytes],
      [0, 0],
    );
    const [dense, compact] = sums.map(formatBytes);
    table.push(['all', '', count(totals.size), percent(totals.sparsity), dense, compact, '']);
  }
  return table.toString();
}

/** compact 16.3 MiB, 16.25 % of dense */
export function sizeLine(what: string, bytes: number, dense: number): string {
  const share = dense === 0 ? 0 : bytes / dense;
  return `${what} ${formatBytes(bytes)} (${count(bytes)} bytes), ${percent(share)} of dense`;
}

/** Names of a file may hold what a terminal takes for commands. */
function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, '�');
}
