import type { PruneSettings } from '../prune-options.js';

/** Why a run needs the whole model in memory, in words; undefined where it can go in slabs. */
export function needsMemory({
  criterion,
  pattern,
  blocks,
  fisher,
  saveFisher,
  dampingSweep,
  firstOrder,
}: PruneSettings): string | undefined {
  if (pattern.kind === 'rows' || pattern.kind === 'columns' || pattern.kind === 'sets') {
    return `pattern "${pattern.text}" has groups of any size, which may lie in several slabs`;
  }
  if (pattern.kind === 'subsets' && firstOrder !== undefined && 'search' in firstOrder) {
    return `pattern "${pattern.text}" chooses and updates at once, before a line search could`;
  }
  if (criterion === 'kfac') return 'criterion "kfac" has factors for whole layers';
  if (blocks === 'compact') return 'blocks "compact" are cut from the weights that are still there';
  if (fisher !== undefined) return 'fisher is one for the whole model';
  if (saveFisher !== undefined) return 'saveFisher saves one for the whole model';
  return dampingSweep === undefined ? undefined : 'dampingSweep compares rankings';
}
