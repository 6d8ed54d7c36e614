import type { Command } from 'commander';
import { addSettingsFlag } from '../settings/settings-flag.js';
import { addCriterionFlags } from './criterion-flags.js';
import { addInputFlags } from './input-flags.js';
import { addSelectionFlags } from './selection-flags.js';

// Flags that more than one command has are a file each here, by what they are about. The defaults are the library's.

/** What is pruned and how: the flags that prune, plan and stats have alike. */
export function addPruningFlags(command: Command): Command {
  addInputFlags(command);
  addSettingsFlag(command);
  addSelectionFlags(command);
  return addCriterionFlags(command);
}

/** Where the Fisher of a run goes. */
export function addSaveFisherFlag(command: Command): Command {
  return command.option(
    '--save-fisher <file>',
    'where the Fisher of --gradients goes, as soon as they are read; --fisher takes it',
  );
}
