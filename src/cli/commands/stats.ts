import { type Command, Option } from 'commander';
import { parseNumbers } from '../arguments.js';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { addEngineFlags } from '../flags/engine-flags.js';
import { addPruningFlags, addSaveFisherFlag } from '../flags/pruning-flags.js';
import { addReportFlags, type ReportFlags } from '../flags/report-flags.js';
import { type PruneFlags, pruneFiles } from '../prune-files.js';
import { requireSense, saysHowMuch, withoutDefaults } from '../require-sense.js';
import { runCommand } from '../run.js';
import { flagsOf } from '../settings/settings-flag.js';

const SUMMARY = 'score and predict as prune would, and write no weights';

const DESCRIPTION =
  'Takes the flags of prune, does what it does, and writes what it has found instead of a model: the ' +
  'statistics, the score of every weight, and the loss that other sparsities are predicted to cost.';

const HELP = `
Examples:
  # what sparsities cost, before one is chosen
  woodfisher stats --weights model.safetensors --gradients g.safetensors --curve 0.5,0.8,0.9,0.95
  # the scores, for a ranking of your own
  woodfisher stats --weights model.safetensors --gradients g.safetensors --scores scores.safetensors
  # what prune would do at 90 %
  woodfisher stats --weights model.safetensors --gradients g.safetensors --sparsity 0.9 \\
    --stats stats.json

Files:
  --sparsity   Also --target-flops, and n:m patterns: the threshold and the predicted loss change are
               those of it. Without any, nothing is pruned: scores, the Fisher and the curve alone.
  --stats      JSON; its schema is the package's schemas/statistics.schema.json.
  --scores     An F32 tensor for each prunable one, same name and shape: the predicted loss of removing
               the weight, or what the criterion has in its place. The lowest go first. 0: pruned before.
               With a pattern the score of the weight's group; infinite: in no whole group.

Output:
  As of prune; "done" has the statistics.
${EXIT_CODES_HELP}`;

export function addStatsCommand(program: Command): void {
  const command = program.command('stats').summary(SUMMARY).description(DESCRIPTION);
  addPruningFlags(command);
  command
    .optionsGroup('Output:')
    .option('--stats <file>', 'where the statistics go')
    .option('--scores <file>', 'where the scores go')
    .addOption(
      new Option(
        '--curve <s,s,…>',
        'sparsities whose predicted loss is told (default: 0.05 to 0.99)',
      ).argParser(parseNumbers),
    );
  addSaveFisherFlag(command);
  addEngineFlags(command);
  addReportFlags(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action(async () => {
      const given = await flagsOf<PruneFlags & ReportFlags>(command, ['weights']);
      const flags = saysHowMuch(given) ? given : { ...given, sparsity: 0 };
      requireSense(command, flags);
      await runCommand(flags, (run) => pruneFiles(withoutDefaults(command, flags), run));
    });
}
