import type { Command } from 'commander';
import { needsFisher } from '../criteria/score.js';
import { PRESET_OPTIONS } from '../presets.js';
import { EXIT } from './exit-codes.js';
import { hasPlaceholder } from './jobs/job-command.js';
import type { RunFlags } from './open-run.js';
import { usageError } from './usage.js';

/** How much is removed has to be said, unless the pattern says it. */
export function requireBudget(command: Command, flags: RunFlags): void {
  if (saysHowMuch(flags)) return;
  command.error(
    "error: required option '--sparsity <s>' not specified; only --target-flops and --pattern n:m do without",
    { exitCode: EXIT.usage, code: 'woodfisher.sparsity' },
  );
}

export function saysHowMuch({ sparsity, targetFlops, pattern }: RunFlags): boolean {
  return sparsity !== undefined || targetFlops !== undefined || pattern.includes(':');
}

/** A saved Fisher and a preset have settings of their own, before which only flags that were given go. */
export function withoutDefaults<F extends RunFlags>(command: Command, flags: F): F {
  const decided = [
    ...(flags.fisher === undefined ? [] : ['blockSize', 'blocks', 'damping', 'fisherScale']),
    ...(flags.preset === undefined ? [] : Object.keys(PRESET_OPTIONS[flags.preset])),
  ];
  const defaults = decided.filter((name) => command.getOptionValueSource(name) === 'default');
  return { ...flags, ...Object.fromEntries(defaults.map((name) => [name, undefined])) };
}

/** What only the flags together can get wrong. */
export function requireSense(command: Command, flags: RunFlags): void {
  const { criterion, update, gradients, gradientsCommand, lossCommand } = flags;
  const wrong = (message: string): never => usageError(command, message);
  if (criterion === 'kfac') {
    wrong(
      '--criterion kfac is made of the inputs and deltas of each layer, which files of gradients do not hold; call prune() of the library with factors',
    );
  }
  if (flags.dampingOver !== undefined && flags.relativeDamping === undefined) {
    wrong('--damping-over says whose mean --relative-damping takes; give --relative-damping');
  }
  if (flags.fisher !== undefined && gradients !== undefined) {
    wrong('--fisher stands in place of --gradients; give one of the two');
  }
  if (flags.fisher !== undefined && gradientsCommand !== undefined) {
    wrong('--fisher stands in place of gradients; leave --gradients-command out');
  }
  if (flags.allowMissing && gradients === undefined && gradientsCommand !== undefined) {
    wrong(
      '--allow-missing keeps what --gradients have not; with --gradients-command alone give --exclude',
    );
  }
  requireSamples(flags, wrong);
  if (flags.firstOrder === 'line-search' && lossCommand === undefined) {
    wrong('--first-order line-search searches by the loss on held-out data; give --loss-command');
  }
  if (flags.saveFisher !== undefined && gradients === undefined && gradientsCommand === undefined) {
    wrong('--save-fisher saves the Fisher of --gradients; give them');
  }
  const { preset, steps = preset && PRESET_OPTIONS[preset].steps } = flags;
  if (steps !== undefined && steps > 1 && gradientsCommand === undefined) {
    const asked = flags.steps === undefined ? `--preset ${preset}` : `--steps ${steps}`;
    wrong(
      `${asked} takes gradients again at each step, at the weights of the step, and a file has them once; give --gradients-command, or use --steps 1`,
    );
  }
  if (preset === 'best' && flags.firstOrder === undefined && lossCommand === undefined) {
    wrong(
      '--preset best searches the step along the gradient by the loss on held-out data; give --loss-command, or --first-order 0',
    );
  }
  if (gradients !== undefined || gradientsCommand !== undefined || flags.fisher !== undefined)
    return;
  if (needsFisher(criterion)) {
    wrong(`--criterion ${criterion} needs --gradients; only magnitude and random do without`);
  }
  if (update !== undefined && update !== 'none') {
    wrong(`--update ${update} needs --gradients; without them it can only be none`);
  }
}

/** A command can only be told a number of samples that something says. */
function requireSamples(
  { gradientsCommand, samples, preset }: RunFlags,
  wrong: (message: string) => never,
): void {
  if (gradientsCommand === undefined || !hasPlaceholder(gradientsCommand, 'samples')) return;
  if (samples !== undefined || preset !== undefined) return;
  wrong(
    '{samples} in --gradients-command stands for --samples, or what --preset is made for; give one',
  );
}
