import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { GroupModel } from '../groups/group-model.js';
import type { Lease } from '../memory/arena.js';
import { fillInPieces, inPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import { totalsOf, type Units } from './units.js';

/** Groups in a range of units, so that counting them can be shared out. */
const UNITS_A_RANGE = 1 << 14;

/** The groups of a model as units to rank, and the weights still there that are in none, by parameter. */
export interface GroupUnits {
  units: Units[];
  dense: number[];
}

/** `scores`: one array a list, one score a group. `costs`: FLOPs of a weight, by parameter. */
export async function groupUnits(
  { lease }: RunContext,
  model: GroupModel,
  parameters: readonly BlockedParameter[],
  scores: readonly Float64Array[],
  costs: readonly number[],
): Promise<GroupUnits> {
  const units: Units[] = [];
  const dense = parameters.map(({ groups }) => groups?.dense ?? 0);
  for (const [l, { name, count, size, order }] of model.lists.entries()) {
    const own = [...parameters.keys()].filter((i) => model.members[i].list === l);
    const mask = lease.uint8(count);
    await fillInPieces(mask, 1);
    const counted = size === undefined || own.some((i) => parameters[i].prunedBefore > 0);
    let amounts: Units['amounts'] = {
      weights: { factor: size ?? 0 },
      flops: { factor: (size ?? 0) * (costs[own[0]] ?? 1) },
    };
    if (counted) {
      const weights = lease.float64(count);
      const flops = lease.float64(count);
      await fillInPieces(weights, 0);
      await fillInPieces(flops, 0);
      for (const i of own) {
        dense[i] = await countWeights(parameters[i], model.members[i].of, (g) => {
          weights[g]++;
          flops[g] += costs[i];
        });
      }
      await inPieces(count, (begin, end) => {
        for (let g = begin; g < end; g++) if (weights[g] === 0) mask[g] = 0;
      });
      amounts = { weights: { each: weights, factor: 1 }, flops: { each: flops, factor: 1 } };
    }
    const pick = <T>(values: readonly T[]): T[] => own.map((i) => values[i]);
    units.push({
      ...{ name, size: count, order, mask, amounts, scores: scores[l] },
      ...rangesOf(count, lease),
      totals: totalsOf(pick(parameters), pick(costs), pick(dense)),
    });
  }
  return { units, dense };
}

/** Tells `add` the group of each weight that is still there; returns how many are in none. */
async function countWeights(
  { mask, size }: BlockedParameter,
  of: (c: number) => number,
  add: (g: number) => void,
): Promise<number> {
  let dense = 0;
  await inPieces(size, (begin, end) => {
    for (let c = begin; c < end; c++) {
      if (mask[c] === 0) continue;
      const g = of(c);
      if (g === -1) dense++;
      else add(g);
    }
  });
  return dense;
}

/** Cuts units into ranges for tasks. */
export function rangesOf(
  count: number,
  lease: Lease,
): Pick<Units, 'starts' | 'blockCount' | 'blockOrder'> {
  const blockCount = Math.ceil(count / UNITS_A_RANGE);
  const starts = lease.uint32(blockCount + 1);
  for (let b = 0; b < blockCount; b++) starts[b] = b * UNITS_A_RANGE;
  starts[blockCount] = count;
  return { starts, blockCount, blockOrder: Math.min(count, UNITS_A_RANGE) };
}
