import { type Command, Option } from 'commander';
import { PATTERN_AXES, type PatternAxis } from '../../blocks/pattern.js';
import type { UpdateRule } from '../../engine/kernels.js';
import { DEFAULTS } from '../../options.js';
import type { Preset } from '../../preset-names.js';
import { type BudgetOptions, SCOPES } from '../../selection/budgets.js';
import { SELECTIONS, type Selection } from '../../selection/greedy.js';
import type { Schedule } from '../../steps/schedule.js';
import { UPDATE_RULES } from '../../updates/apply.js';
import { parseNamed, parseNumber, parseSchedule, parseShare, parseStep } from '../arguments.js';
import { choice } from './option-kinds.js';

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
