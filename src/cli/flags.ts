import { type Command, Option } from 'commander';
import { CRITERIA } from '../criteria/score.js';
import { ENGINE_OPTIONS, type EngineOption } from '../engine/engine.js';
import type { CriterionName, UpdateRule } from '../engine/kernels.js';
import { FISHER_SCALES, type FisherScale } from '../fisher/form.js';
import { PATTERN_AXES, type PatternAxis } from '../groups/pattern.js';
import { formatBytes } from '../memory/byte-size.js';
import { freeMemory } from '../memory/free-memory.js';
import { machineMemory } from '../memory/machine-memory.js';
import { BLOCK_LAYOUTS, type BlockLayout, type Damping, DEFAULTS } from '../options.js';
import { defaultThreads } from '../pool/threads.js';
import { PRESETS, type Preset } from '../presets.js';
import { type BudgetOptions, SCOPES } from '../selection/budgets.js';
import { SELECTIONS, type Selection } from '../selection/greedy.js';
import { SOLVER_OPTIONS, type SolverOption } from '../solvers/choose.js';
import type { Schedule } from '../steps/schedule.js';
import { UPDATE_RULES } from '../updates/apply.js';
import {
  parseNamed,
  parseNumber,
  parseNumbers,
  parsePattern,
  parseSchedule,
  parseShare,
  parseStep,
} from './arguments.js';
import { type JobCommand, parseGradientsCommand, parseLossCommand } from './jobs/job-command.js';
import { setting } from './output/numbers.js';

// Flags that more than one command has, by what they are about. The defaults are the library's.

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

/** How weights are ranked. */
export interface CriterionFlags {
  criterion: CriterionName;
  seed?: number;
  blockSize: number;
  blocks: BlockLayout;
  damping: number;
  examplesPerSample?: number;
  fisherScale: FisherScale;
  centred?: boolean;
  relativeDamping?: number;
  dampingSweep?: number[];
  dampingOver?: 'parameter' | 'model';
  solver: SolverOption;
}

export function addCriterionFlags(command: Command): Command {
  return command
    .optionsGroup('Method:')
    .addOption(
      new Option(
        '--preset <name>',
        'a recipe: what it decides holds where no flag says otherwise; best needs --gradients-command and --loss-command',
      ).choices(PRESETS),
    )
    .addOption(choice('--criterion <name>', CRITERIA, DEFAULTS.criterion, 'how weights are ranked'))
    .addOption(
      new Option(
        '--seed <n>',
        `of --criterion random, 0 to 4294967295 (default: ${DEFAULTS.seed})`,
      ).argParser(parseNumber),
    )
    .addOption(
      number('--block-size <n>', 'weights whose curvature is taken together', DEFAULTS.blockSize),
    )
    .addOption(
      choice(
        '--blocks <name>',
        BLOCK_LAYOUTS,
        DEFAULTS.blocks,
        'what blocks are cut from: all weights of a parameter, or (compact) those that are still there',
      ),
    )
    .addOption(
      number('--damping <λ>', 'added to the diagonal of the Fisher, above 0', DEFAULTS.damping),
    )
    .addOption(
      new Option(
        '--relative-damping <r>',
        'in place of --damping: r times the mean diagonal of the Fisher over the weights that are left',
      )
        .argParser(parseNumber)
        .conflicts('damping'),
    )
    .addOption(
      new Option(
        '--damping-over <what>',
        'whose mean --relative-damping takes: of each parameter, or of the whole model (default: parameter)',
      ).choices(['parameter', 'model']),
    )
    .addOption(
      new Option(
        '--damping-sweep <λ,λ,…>',
        'report what these dampings would do, beside the one that is used',
      ).argParser(parseNumbers),
    )
    .addOption(
      new Option(
        '--examples-per-sample <m>',
        'examples whose mean loss a sample is the gradient of (default: 1)',
      ).argParser(parseNumber),
    )
    .addOption(
      choice(
        '--fisher-scale <what>',
        FISHER_SCALES,
        'samples',
        'examples: the Fisher of samples of several examples on the scale of single ones',
      ),
    )
    .option('--centred', 'take the mean gradient from each sample')
    .addOption(
      choice('--solver <name>', SOLVER_OPTIONS, DEFAULTS.solver, 'how the inverse is made'),
    );
}

/** The damping that the flags ask for. */
export function dampingOf({ damping, relativeDamping, dampingOver }: CriterionFlags): Damping {
  if (relativeDamping === undefined) return damping;
  return { relative: relativeDamping, over: dampingOver };
}

/** What is removed, and what the weights that stay do then. */
export interface SelectionFlags extends BudgetOptions {
  /** A pattern, or a JSON file of named sets. */
  pattern: string;
  patternAxis?: PatternAxis;
  preset?: Preset;
  selection: Selection;
  update?: UpdateRule;
  firstOrder?: number | 'line-search';
  steps?: number;
  schedule?: Schedule;
}

export function addSelectionFlags(command: Command): Command {
  return command
    .optionsGroup('Method:')
    .addOption(
      new Option(
        '--sparsity <s>',
        'fraction of the prunable weights to remove, 0 to 1; or name=s, once for each tensor to prune (required, but with --target-flops and n:m)',
      ).argParser(parseShare),
    )
    .addOption(
      new Option(
        '--scope <name>',
        `one threshold for the whole model, or the same sparsity in each layer (default: ${DEFAULTS.scope})`,
      ).choices(SCOPES),
    )
    .addOption(
      new Option(
        '--pattern <name>',
        'what is removed as one: unstructured, 1xk (1x4), n:m (2:4), rows, filters, columns, or a .json file of named sets',
      ).default('unstructured', 'unstructured'),
    )
    .addOption(
      new Option(
        '--pattern-axis <axis>',
        'where the neighbours of 1xk and n:m lie: along the inputs or the outputs (default: in)',
      ).choices(PATTERN_AXES),
    )
    .addOption(
      new Option(
        '--min-sparsity <s>',
        'of each tensor at least, or name=s, under one threshold',
      ).argParser(parseShare),
    )
    .addOption(
      new Option(
        '--max-sparsity <s>',
        'of each tensor at most, or name=s, under one threshold',
      ).argParser(parseShare),
    )
    .addOption(
      new Option(
        '--target-flops <f>',
        'FLOPs to be left at most: a fraction up to 1, a number above; beside --sparsity both hold',
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--cost <name=n>',
        'FLOPs of a weight of a tensor, a whole number; may be given several times (default: 1)',
      ).argParser(parseNamed),
    )
    .addOption(
      new Option(
        '--cost-power <p>',
        'scores are divided by FLOPs^p (default: 1 with --cost or --target-flops, else 0)',
      ).argParser(parseNumber),
    )
    .addOption(
      choice(
        '--selection <name>',
        SELECTIONS,
        DEFAULTS.selection,
        'rank weights by their own removal, or remove one at a time inside each block',
      ),
    )
    .addOption(
      new Option(
        '--update <rule>',
        `how kept weights make up for removed ones (default: ${DEFAULTS.update}; none without --gradients)`,
      ).choices(UPDATE_RULES),
    )
    .addOption(
      new Option(
        '--first-order <step>',
        'take the mean gradient into account with this step, 0 to 1, or line-search, by --loss-command (default: 0); a full step mostly overshoots',
      ).argParser(parseStep),
    )
    .addOption(
      new Option(
        '--steps <n>',
        'pruning steps (default: 1); more than one takes gradients again at each, by --gradients-command',
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--schedule <name>',
        'how sparsity grows over several steps: cubic, linear, geometric or polynomial:p (default: cubic)',
      ).argParser(parseSchedule),
    );
}

/** What a run uses of the machine. */
export interface EngineFlags {
  samples?: number;
  gradientBatch?: number;
  engine: EngineOption;
  threads?: number;
  memory?: string;
  workDir?: string;
  memoryLimit?: string;
}

export function addEngineFlags(command: Command): Command {
  return command
    .optionsGroup('Machine:')
    .addOption(
      choice(
        '--engine <name>',
        ENGINE_OPTIONS,
        DEFAULTS.engine,
        'auto: native where a binary loads, else javascript with a warning',
      ),
    )
    .addOption(
      new Option(
        '--threads <n>',
        `tasks that run at once; the result is the same for any (default: the processors available, here ${defaultThreads()})`,
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--samples <n>',
        'gradient samples that must be there; another number is refused (default: those of --gradients)',
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--gradient-batch <n>',
        'gradient samples that are read at a time (default: by size and memory)',
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--memory <size>',
        `bytes, or such as 500MB or 2GiB, that the run may take beside about 100 MB of the program: a model that needs more is pruned a slab at a time (default: half of what is free, here ${formatBytes(freeMemory() / 2)})`,
      ).conflicts('memoryLimit'),
    )
    .option(
      '--work-dir <folder>',
      'where a run keeps what it has done: after a crash the same command goes on from there',
    )
    .option(
      '--memory-limit <size>',
      `bytes, or such as 500MB or 2GiB, that the run may take beside the model and about 100 MB of the program; a run that needs more is refused at once (default: what the machine or the container has, here ${formatBytes(machineMemory())})`,
    );
}

/** What a command says, and to whom. */
export interface ReportFlags {
  json?: boolean;
  quiet?: boolean;
}

export function addReportFlags(command: Command): Command {
  return command
    .optionsGroup('Report:')
    .option('--json', 'for machines: one JSON object per line on stdout, see below')
    .addOption(new Option('--quiet', 'nothing but errors').conflicts('json'));
}

function choice(flags: string, choices: readonly string[], fallback: string, about: string) {
  return new Option(flags, about).choices(choices).default(fallback, fallback);
}

function number(flags: string, about: string, fallback: number): Option {
  return new Option(flags, about).argParser(parseNumber).default(fallback, setting(fallback));
}
