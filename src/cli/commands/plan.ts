import type { Command } from 'commander';
import { announceRun, announceSlabs } from '../announce-run.js';
import { chooseWay } from '../choose-way.js';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { addEngineFlags } from '../flags/engine-flags.js';
import { addPruningFlags } from '../flags/pruning-flags.js';
import { addReportFlags, type ReportFlags } from '../flags/report-flags.js';
import { openRun, type RunFlags } from '../open-run.js';
import { requireBudget, requireSense, withoutDefaults } from '../require-sense.js';
import { type Run, runCommand } from '../run.js';
import { flagsOf } from '../settings/settings-flag.js';

const SUMMARY = 'tell what prune would do and take, from the headers of its files alone';

const DESCRIPTION =
  'Takes the flags of prune, but for its outputs, and tells how it would go about it: with the model in ' +
  'memory or in how many slabs, by which solver, how often the gradients are read, and what memory, disk ' +
  'and time that takes. Nothing is read but headers, and nothing is written.';

const HELP = `
Examples:
  woodfisher plan --weights model/ --gradients 'grads/*.safetensors' --sparsity 0.8 --memory 2GiB

Output:
  A line. With --json lines with the member "event": "kept" and "warning" as prune tells them, "estimate"
  or "plan", and last "done" (inMemory, and what the estimate or the plan has).
${EXIT_CODES_HELP}`;

export function addPlanCommand(program: Command): void {
  const command = program.command('plan').summary(SUMMARY).description(DESCRIPTION);
  addPruningFlags(command);
  addEngineFlags(command);
  addReportFlags(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action(async () => {
      const flags = await flagsOf<RunFlags & ReportFlags>(command, ['weights']);
      requireBudget(command, flags);
      requireSense(command, flags);
      await runCommand(flags, (run) => planFiles(withoutDefaults(command, flags), run));
    });
}

async function planFiles(flags: RunFlags, { reporter }: Run): Promise<void> {
  await using opened = await openRun(flags, reporter);
  const { run, settings, engine } = opened;
  const way = chooseWay(opened, flags);
  const { facts, words } = way.inMemory
    ? await announceRun({ ...run, gradientBatch: way.gradientBatch }, settings.memory, engine)
    : await announceSlabs(way.plan(), engine);
  reporter.done({ inMemory: way.inMemory, ...facts }, () => words);
}
