import { type Command, Option } from 'commander';
import { parsePattern } from '../arguments.js';
import { type JobCommand, parseGradientsCommand, parseLossCommand } from '../jobs/job-command.js';

/** Which files are read, and which of their tensors. */
export interface InputFlags {
  weights: string;
  gradients?: string[];
  /** Of `.npy` gradients. */
  gradientNames?: string;
  gradientsCommand?: JobCommand;
  lossCommand?: JobCommand;
  fisher?: string;
  exclude?: RegExp[];
  allowMissing?: boolean;
  /** Masks of weights pruned before. */
  maskIn?: string;
  zerosArePruned?: boolean;
  outputAxis: 'first' | 'last';
}

export function addInputFlags(command: Command): Command {
  return command
    .optionsGroup('Input:')
    .option(
      '--weights <file>',
      'the model: a safetensors file, an index (*.safetensors.index.json) or its folder (required)',
    )
    .option(
      '--gradients <file>',
      'gradient samples: a file, or with * and ? those that match, see below; may be given several times; only --criterion magnitude and random do without',
      (path: string, before: readonly string[] = []) => [...before, path],
    )
    .option(
      '--gradient-names <file>',
      'for .npy gradients: a JSON array of the parameters whose weights are their columns, in order',
    )
    .addOption(
      new Option(
        '--gradients-command <command>',
        'a program that writes the gradients at the weights of each step, see below: {weights} and {out} in it stand for files, {mask}, {step}, {steps} and {samples} may',
      ).argParser(parseGradientsCommand),
    )
    .addOption(
      new Option(
        '--loss-command <command>',
        'a program that prints the loss on held-out data of the model in {weights}, see below; {step} and {steps} may be in it',
      ).argParser(parseLossCommand),
    )
    .option(
      '--fisher <file>',
      'in place of --gradients: a Fisher that --save-fisher has written, of this model',
    )
    .option(
      '--exclude <regex>',
      'keep tensors whose name matches, part of the name is enough; may be given several times',
      parsePattern,
    )
    .option(
      '--mask-in <file>',
      'what was pruned before: U8 or BOOL tensors, 1 = kept; it stays pruned',
    )
    .option('--zeros-are-pruned', 'weights that are 0 were pruned before, and stay pruned')
    .option('--allow-missing', 'keep tensors without gradients, outside the sparsity count')
    .addOption(
      new Option(
        '--output-axis <axis>',
        'where the outputs of a weight tensor are: first for PyTorch ([out, in]), last for TensorFlow.js and Flax ([in, out])',
      )
        .choices(['first', 'last'])
        .default('first', 'first'),
    );
}
