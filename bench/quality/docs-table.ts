import { readFile, writeFile } from 'node:fs/promises';
import { type AccuracyGrid, accuracyGrids } from './accuracy-grid.js';
import type { QualityResult } from './result.js';

/** What stands before and behind the tables in a Markdown file. */
const BEGIN = '<!-- bench:quality -->';
const END = '<!-- /bench:quality -->';

/**
 * The text of a Markdown file around its tables.
 *
 * @throws {RangeError} for a file without a place for them.
 */
export async function readTablePlace(path: string): Promise<{ before: string; behind: string }> {
  const text = await readFile(path, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) {
    throw new RangeError(
      `--table must be a Markdown file with the lines ${BEGIN} and ${END}, but ${path} lacks them`,
    );
  }
  return { before: text.slice(0, begin + BEGIN.length), behind: text.slice(end) };
}

/** Replaces the tables of a Markdown file. */
export async function writeTables(path: string, result: QualityResult): Promise<void> {
  const { before, behind } = await readTablePlace(path);
  await writeFile(path, `${before}\n${markdownTables(result)}\n${behind}`);
}

function markdownTables(result: QualityResult): string {
  const runs = `mean ± standard deviation of ${result.seeds.length} seeds`;
  const of = result.seeds.length === 1 ? 'one seed' : runs;
  return [
    `Test images that are right, %, ${of}; \`seconds\` is the mean time of a run.`,
    ...accuracyGrids(result).map(markdownTable),
  ].join('\n\n');
}

function markdownTable({ title, head, rows }: AccuracyGrid): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [`**${title}**`, '', ...[head, rule, ...rows].map(line)].join('\n');
}
