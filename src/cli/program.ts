import { Command } from 'commander';
import { addBuildCommand } from './commands/build.js';
import { addCompactCommand } from './commands/compact.js';
import { addConvertCommand } from './commands/convert.js';
import { addExpandCommand } from './commands/expand.js';
import { addInspectCommand } from './commands/inspect.js';
import { addPlanCommand } from './commands/plan.js';
import { addPruneCommand } from './commands/prune.js';
import { addStatsCommand } from './commands/stats.js';
import { EXIT_CODES_HELP } from './exit-codes.js';
import { packageVersion } from './package-root.js';

const DESCRIPTION =
  'Prunes neural networks with second-order information (WoodFisher): estimates the curvature of the ' +
  'loss from gradient samples, removes the weights whose removal costs least, and moves the others ' +
  'to make up for it.';

/** The whole command line. A command is one file in commands/. */
export function createProgram(): Command {
  const program = new Command('woodfisher')
    .description(DESCRIPTION)
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 100, 100) })
    .addHelpText(
      'after',
      `\n\`woodfisher help COMMAND\` tells all about a command.\n${EXIT_CODES_HELP}`,
    );
  addPruneCommand(program);
  addPlanCommand(program);
  addStatsCommand(program);
  addInspectCommand(program);
  addCompactCommand(program);
  addExpandCommand(program);
  addConvertCommand(program);
  addBuildCommand(program);
  return program;
}
