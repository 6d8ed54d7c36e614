import type { Command } from 'commander';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { addReportFlags, type ReportFlags } from '../flags/report-flags.js';
import { count } from '../output/numbers.js';
import { type Run, runCommand } from '../run.js';

const SUMMARY = 'turn a model of TensorFlow.js into a safetensors file, or back';

const DESCRIPTION =
  'Turns a LayersModel of TensorFlow.js (model.json and weight files) into one safetensors file, which ' +
  '`woodfisher prune --output-axis last` takes, and such a file back. Weights keep names, layouts and bits.';

const HELP = `
Examples:
  woodfisher convert web-model model.safetensors
  woodfisher convert pruned.safetensors web-model --masks masks.safetensors

Files:
  A path that ends in .safetensors is one file, any other a folder with model.json, or that file.
  Quantised weights are decoded; loss and optimizer are left out. The safetensors file has the layers in
  its metadata, which "woodfisher prune" keeps. Masks come along: as tensors mask:NAME in the
  one file, in masks.safetensors in a folder.

TensorFlow.js:
  Needs @tensorflow/tfjs (or tfjs-node) beside woodfisher: npm install @tensorflow/tfjs.

Output:
  A line to stdout; with --json an object with "event": "done" (tensors, values, masks, written, build)
  or "error" (code, message, details).
${EXIT_CODES_HELP}`;

interface ConvertFlags extends ReportFlags {
  masks?: string;
}

export function addConvertCommand(program: Command): void {
  const command = program
    .command('convert')
    .summary(SUMMARY)
    .description(DESCRIPTION)
    .argument('<input>', 'the model')
    .argument('<output>', 'where it goes')
    .option(
      '--masks <file>',
      'masks of `woodfisher prune --mask-out`, in place of those of the input',
    );
  addReportFlags(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action((input: string, output: string, flags: ConvertFlags) =>
      runCommand(flags, (run) => convertFiles(input, output, flags, run)),
    );
}

async function convertFiles(
  input: string,
  output: string,
  { masks }: ConvertFlags,
  { reporter }: Run,
): Promise<void> {
  // TensorFlow.js takes a second to load, and no other command needs it.
  const { convertModel, loadTensorFlow } = await import('../../tfjs/index.js');
  const { tf, summary } = await loadTensorFlow();
  tf.enableProdMode(); // no advice on the console
  const result = await convertModel(input, output, { tf, masks });
  reporter.done(
    { ...result, written: output, build: summary },
    () =>
      `${output}: ${count(result.tensors)} tensors, ${count(result.values)} values, ${count(result.masks)} masks`,
  );
}
