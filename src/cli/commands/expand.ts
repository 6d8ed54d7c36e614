import type { Command } from 'commander';
import { expand } from '../../expand.js';
import { formatBytes } from '../../memory/byte-size.js';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { addReportFlags, type ReportFlags } from '../flags/report-flags.js';
import { count, seconds } from '../output/numbers.js';
import { type Run, runCommand } from '../run.js';

const SUMMARY = 'give back the dense model of a compact one, bit for bit';

const DESCRIPTION =
  'Writes the safetensors model that `woodfisher compact` was given, bit for bit: the data, the headers ' +
  'and the index of a model in several files.';

const HELP = `
Examples:
  woodfisher expand pruned.compact.safetensors pruned.safetensors
  woodfisher expand compact/ model/

Files:
  INPUT   A compact file, an index (*.safetensors.index.json) beside its files, or the folder that has
          model.safetensors.index.json or model.safetensors.
  OUTPUT  A file; of a model in several files a folder, whose other files stay. It may be that of INPUT.
          It appears, or replaces what is there, when all is done.
  What a compact file says of itself is checked: an error names the file, the tensor and the rule.

Output:
  Progress goes to stderr, a line to stdout. With --json each line of stdout is an object with the
  member "event": "progress" (phase: expand; done, total, unit), and last "done" (tensors, files,
  compactBytes, denseBytes, written) or "error" (code, message, details).
${EXIT_CODES_HELP}`;

export function addExpandCommand(program: Command): void {
  const command = program
    .command('expand')
    .summary(SUMMARY)
    .description(DESCRIPTION)
    .argument('<input>', 'the compact model')
    .argument('<output>', 'where the dense model goes');
  addReportFlags(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action((input: string, output: string, flags: ReportFlags) =>
      runCommand(flags, (run) => expandFiles(input, output, run)),
    );
}

async function expandFiles(
  input: string,
  output: string,
  { reporter, signal }: Run,
): Promise<void> {
  const start = performance.now();
  const result = await expand(input, output, {
    signal,
    onProgress: (progress) => reporter.progress(progress),
  });
  const { tensors, denseBytes, compactBytes } = result;
  const time = (performance.now() - start) / 1000;
  reporter.done(
    { ...result, written: output },
    () =>
      `${output}: ${count(tensors)} tensors, ${formatBytes(denseBytes)} out of ${formatBytes(compactBytes)}, in ${seconds(time)}`,
  );
}
