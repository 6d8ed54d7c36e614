import type { PruneSettings } from '../prune-options.js';

/** Why a run needs the whole model in memory, in words; undefined where it can go in slabs. */
export function needsMemory({
  criterion,
  pattern,
  blocks,
  steps,
  firstOrder,
  fisher,
  saveFisher,
  dampingSweep,
}: PruneSettings): string | undefined {
  if (pattern.kind === 'rows' || pattern.kind === 'columns' || pattern.kind === 'sets') {
    return `pattern "${pattern.text}" has groups of any size, which may lie in several slabs`;
  }
  if (criterion === 'kfac') return 'criterion "kfac" has factors for whole layers';
  if (blocks === 'compact') return 'blocks "compact" are cut from the weights that are still there';
  if (steps > 1) return `steps ${steps} takes gradients again`;
  if (firstOrder !== undefined && 'search' in firstOrder) return 'the line search calls a loss';
  if (fisher !== undefined) return 'fisher is one for the whole model';
  if (saveFisher !== undefined) return 'saveFisher saves one for the whole model';
  return dampingSweep === undefined ? undefined : 'dampingSweep compares rankings';
}
