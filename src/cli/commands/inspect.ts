import type { Command } from 'commander';
import type { CompactFormat } from '../../formats/compact/formats.js';
import { type Inspection, inspect } from '../../inspect.js';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { addReportFlags, type ReportFlags } from '../flags/report-flags.js';
import { formatFlag } from '../format-flag.js';
import { modelTable, sizeLine } from '../output/model-table.js';
import { count, percent } from '../output/numbers.js';
import { type Run, runCommand } from '../run.js';

const SUMMARY = 'tell tensors, sparsity, and the sizes dense, compact and with gzip';

const DESCRIPTION =
  'Reads a dense or compact safetensors model and tells what is in it: tensors, how many of their ' +
  'elements are zero, and what the model takes as a dense one, as a compact one, and as a dense one ' +
  'with gzip. Nothing is written.';

const HELP = `
Examples:
  woodfisher inspect pruned.safetensors
  # without the size by gzip, which takes most of the time
  woodfisher inspect model/model.safetensors.index.json --no-gzip

Files:
  FILE  A safetensors file, an index (*.safetensors.index.json) beside its files, or the folder that has
        model.safetensors.index.json or model.safetensors. Of a dense model, what \`woodfisher compact\`
        would make of it is told, to the byte.

Output:
  Progress goes to stderr, a table to stdout. With --json each line of stdout is an object with the
  member "event": "progress" (phase: inspect; done, total, unit), and last "done" (path, compact, files,
  metadata; tensors with name, dtype, shape, size, zeros, sparsity, format, reason, denseBytes,
  compactBytes; totals with gzipBytes too) or "error" (code, message, details).
${EXIT_CODES_HELP}`;

interface InspectFlags {
  format: CompactFormat;
  gzip: boolean;
}

export function addInspectCommand(program: Command): void {
  const command = program
    .command('inspect')
    .summary(SUMMARY)
    .description(DESCRIPTION)
    .argument('<file>', 'the model')
    .addOption(formatFlag('what compact would be asked for, of a dense model'))
    .option('--no-gzip', 'do not measure the size with gzip (level 6)');
  addReportFlags(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action((file: string, flags: InspectFlags & ReportFlags) =>
      runCommand(flags, (run) => inspectFile(file, flags, run)),
    );
}

async function inspectFile(
  file: string,
  { format, gzip }: InspectFlags,
  { reporter, signal }: Run,
): Promise<void> {
  const inspection = await inspect(file, {
    format,
    gzip,
    signal,
    onProgress: (progress) => reporter.progress(progress),
  });
  reporter.done({ ...inspection }, () => summary(inspection));
}

function summary({ path, compact, files, tensors, totals }: Inspection): string {
  const { size, zeros, sparsity, denseBytes, compactBytes, gzipBytes } = totals;
  const where = files === 1 ? path : `${path}, ${count(files)} files`;
  return [
    modelTable(tensors, totals),
    `${where}: ${compact ? 'a compact model' : 'a dense model'}`,
    `${count(zeros)} of ${count(size)} elements are zero (${percent(sparsity)})`,
    sizeLine('dense:  ', denseBytes, denseBytes),
    sizeLine('compact:', compactBytes, denseBytes),
    ...(gzipBytes === null ? [] : [sizeLine('gzip:   ', gzipBytes, denseBytes)]),
  ].join('\n');
}
