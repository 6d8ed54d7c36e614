import { type Command, Option } from 'commander';
import { DEFAULTS, STATISTICS_OPTIONS } from '../../options.js';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { addEngineFlags } from '../flags/engine-flags.js';
import { addPruningFlags, addSaveFisherFlag } from '../flags/pruning-flags.js';
import { addReportFlags, type ReportFlags } from '../flags/report-flags.js';
import { type PruneFlags, pruneFiles } from '../prune-files.js';
import { requireBudget, requireSense, withoutDefaults } from '../require-sense.js';
import { runCommand } from '../run.js';
import { flagsOf } from '../settings/settings-flag.js';

const SUMMARY = 'prune a model with gradient samples, from safetensors to safetensors';

const DESCRIPTION =
  "Removes the given fraction of a model's weights, those whose removal raises the loss least by the " +
  'block-wise inverse empirical Fisher (WoodFisher), and moves the others to make up for it. Weights ' +
  'and gradients come from any training program, as safetensors files.';

const HELP = `
Examples:
  # 90 % of the weights, with the statistics and the mask
  woodfisher prune --weights model.safetensors --gradients g.safetensors --sparsity 0.9 \\
    --out pruned.safetensors --stats stats.json --mask-out mask.safetensors
  # 2 of each 4 neighbours, what was pruned before included
  woodfisher prune --weights model.safetensors --gradients g.safetensors --pattern 2:4 \\
    --mask-in mask.safetensors --out pruned.safetensors
  # whole filters, until half of the FLOPs are left
  woodfisher prune --weights model.safetensors --gradients g.safetensors --pattern filters \\
    --target-flops 0.5 --cost conv1.weight=784 --cost conv2.weight=196 --out pruned.safetensors
  # by magnitude, which needs no gradients
  woodfisher prune --weights model.safetensors --criterion magnitude --sparsity 0.5 \\
    --out half.safetensors
  # a model larger than memory, gradients in many files; killed, the same command goes on
  woodfisher prune --weights model/ --gradients 'grads/*.safetensors' --sparsity 0.8 \\
    --memory 2GiB --work-dir work --out pruned
  # within a container of 2 GB: refused at once, with settings that fit, where it needs more
  woodfisher prune --weights model.safetensors --gradients g.safetensors --sparsity 0.8 \\
    --memory-limit 1800MB --out pruned.safetensors
  # 16 steps, the gradients of each by a program of yours, the step along them by a held-out loss
  woodfisher prune --weights model.safetensors --sparsity 0.9 --steps 16 \\
    --gradients-command 'python grads.py {weights} {mask} {out}' \\
    --loss-command 'python loss.py {weights}' --first-order line-search \\
    --work-dir work --out pruned.safetensors
  # the gradients are read once; the saved Fisher then serves every sparsity and damping
  woodfisher prune --weights model.safetensors --gradients g.safetensors --sparsity 0.8 \\
    --save-fisher f.safetensors --out p80.safetensors
  woodfisher prune --weights model.safetensors --fisher f.safetensors --sparsity 0.9 \\
    --damping-sweep 1e-6,1e-5,1e-4 --out p90.safetensors
  # all but the embeddings and the last layer
  woodfisher prune --weights model.safetensors --gradients g.safetensors --sparsity 0.8 \\
    --exclude 'embed' --exclude '^head\\.' --out pruned.safetensors

Files:
  --weights    A safetensors file, an index beside its files, or the folder of these. Tensors of two or more axes are pruned. Those of one axis (biases, normalisation), of
               other dtypes, and excluded ones are copied byte for byte, and listed with the reason.
  --gradients  For each pruned tensor of shape [...shape] a tensor of the same name and of shape
               [N, ...shape], F32, F16, BF16 or F64: N gradient samples, each the gradient of the loss
               of one example (or of the mean loss of a small batch) at these very weights. N is the
               same for all; 100 to 1000 is usual. Gradients of kept tensors are not read. Samples of
               several files (each any number) follow each other, those of a pattern sorted by name. Also
               .npy arrays [N, d] with --gradient-names.
  --gradients-command
               Runs before each step (the first too, unless --gradients has its samples), without a
               shell: words with quotes, and in them {weights}, the model as it stands then, like
               --weights; {out}, where it leaves the gradients: a safetensors file, or a folder of such,
               as --gradients takes them; {mask}, as --mask-out; {step} from 1; {steps}; {samples},
               those of --samples or what --preset is made for. What it prints goes to stderr.
  --loss-command
               Prints the loss of the model in {weights} on held-out data, a number on the last line of
               stdout. It is run before the first step and after each, and the result shows it beside
               the predicted change; for --first-order line-search at most 11 times a step.
  --mask-in    U8 or BOOL tensors, as --mask-out writes them. Tensors without one lost nothing.
  --pattern    Groups are ranked by what the loss of all their weights together costs. The cheapest
               go until --sparsity (--target-flops) is reached. A .json file holds sets of weights,
               say attention heads: [{"name": "head 0", "members": {"q.weight": [0, 1, ...]}}, ...],
               flat indices by tensor.
  --out        The tensors of --weights in the same order, with their dtypes and metadata. It may be
               the file of --weights itself. Of a model in several files a folder, with files and an
               index of the same names. 16-bit values are rounded to nearest even.
  --mask-out   A U8 tensor for each pruned tensor, same name and shape: 1 = kept, 0 = pruned.
  --stats      JSON; its schema is the package's schemas/statistics.schema.json.
  All outputs appear together, when all is done; until then, and after an error, old files stay.

Output:
  Progress goes to stderr, a table to stdout. With --json each line of stdout is an object with the
  member "event": "kept" (name, shape, size, reason), "estimate" (solver, bytes, seconds: what the run
  is going to take), "plan" (slabs, bytes, passes, seconds: the same of a run in slabs), "gradients-command"
  and "loss-command" (step, words), "loss" (step, loss), "resumed" (steps), "progress" (phase, done, total, unit), "warning" (code, message) and last "done"
  (the statistics, and the files written) or "error" (code, message, details).
${EXIT_CODES_HELP}`;

export function addPruneCommand(program: Command): void {
  const command = program.command('prune').summary(SUMMARY).description(DESCRIPTION);
  addPruningFlags(command);
  command
    .optionsGroup('Output:')
    .option('--out <file>', 'where the pruned model goes (required)')
    .option('--mask-out <file>', 'where the masks go')
    .option('--stats <file>', 'where the statistics go')
    .addOption(
      new Option(
        '--statistics <what>',
        'basic: without the curve of loss by sparsity and the comparison with magnitude',
      )
        .choices(STATISTICS_OPTIONS)
        .default(DEFAULTS.statistics, DEFAULTS.statistics),
    );
  addSaveFisherFlag(command);
  addEngineFlags(command);
  addReportFlags(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action(async () => {
      const flags = await flagsOf<PruneFlags & ReportFlags>(command, ['weights', 'out']);
      requireBudget(command, flags);
      requireSense(command, flags);
      await runCommand(flags, (run) => pruneFiles(withoutDefaults(command, flags), run));
    });
}
