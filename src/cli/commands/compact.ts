import type { Command } from 'commander';
import { compact } from '../../compact.js';
import type { CompactFormat } from '../../formats/compact/formats.js';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { addReportFlags, type ReportFlags } from '../flags/report-flags.js';
import { formatFlag } from '../format-flag.js';
import { modelTable, sizeLine } from '../output/model-table.js';
import { seconds } from '../output/numbers.js';
import { type Run, runCommand } from '../run.js';

const SUMMARY = 'make the file of a pruned model smaller, without loss';

const DESCRIPTION =
  'Stores each tensor of a safetensors model without its zeros, as a bitmask and values, as compressed ' +
  'sparse rows or as packed N:M, whichever is smallest. The result is a safetensors file itself; its ' +
  'layout is in docs/formats.md, with a reader in Python. `woodfisher expand` gives the ' +
  'dense file back bit for bit.';

const HELP = `
Examples:
  woodfisher compact pruned.safetensors pruned.compact.safetensors
  # a model in several files: a folder with the same files, compact, and their index
  woodfisher compact model/model.safetensors.index.json compact/
  # as 2:4 alone; tensors without that pattern stay as they are
  woodfisher compact pruned.safetensors small.safetensors --format 2:4

Files:
  INPUT   A safetensors file, an index (*.safetensors.index.json) beside its files, or the folder that
          has model.safetensors.index.json or model.safetensors.
  OUTPUT  A file; of a model in several files a folder, whose other files stay. It may be that of INPUT.
          It appears, or replaces what is there, when all is done.
  Only elements with the bits of +0.0 are left out: -0.0 and every NaN come back as they were. Tensors
  that would not become smaller stay as they are, and the table says why.

Output:
  Progress goes to stderr, a table to stdout. With --json each line of stdout is an object with the
  member "event": "progress" (phase: scan or pack; done, total, unit), and last "done" (tensors with
  name, dtype, shape, size, zeros, sparsity, format, reason, denseBytes, compactBytes; totals; files;
  written) or "error" (code, message, details).
${EXIT_CODES_HELP}`;

interface CompactFlags {
  format: CompactFormat;
}

export function addCompactCommand(program: Command): void {
  const command = program
    .command('compact')
    .summary(SUMMARY)
    .description(DESCRIPTION)
    .argument('<input>', 'the model')
    .argument('<output>', 'where the compact model goes')
    .addOption(
      formatFlag('the smallest for each tensor, or one for all: bitmask, csr, n:m, or such as 2:4'),
    );
  addReportFlags(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action((input: string, output: string, flags: CompactFlags & ReportFlags) =>
      runCommand(flags, (run) => compactFiles(input, output, flags, run)),
    );
}

async function compactFiles(
  input: string,
  output: string,
  { format }: CompactFlags,
  { reporter, signal }: Run,
): Promise<void> {
  const start = performance.now();
  const result = await compact(input, output, {
    format,
    signal,
    onProgress: (progress) => reporter.progress(progress),
  });
  const { tensors, totals } = result;
  if (tensors.every((tensor) => tensor.format === 'dense')) {
    reporter.warning(`no tensor of ${input} became smaller; the table says why`);
  }
  const { compactBytes, denseBytes } = totals;
  reporter.done({ ...result, written: output }, () =>
    [
      modelTable(tensors, totals),
      sizeLine(`${output}:`, compactBytes, denseBytes),
      `time: ${seconds((performance.now() - start) / 1000)}`,
    ].join('\n'),
  );
}
