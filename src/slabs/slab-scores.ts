import { weightArrays } from '../fisher/parameter-arrays.js';
import type { RunContext } from '../pool/run-context.js';
import type { RankedLists, UnitList, UnitPart } from '../selection/ranked-lists.js';
import type { Ranking } from '../selection/ranking.js';
import type { Units } from '../selection/units.js';
import { weightScores } from '../selection/weight-scores.js';
import { readArrays } from './slab-arrays.js';
import { sliceShape } from './slab-memory.js';
import type { LoadedSlice } from './slab-parameters.js';
import type { SlabRecords } from './slab-records.js';
import { hasPlaces, ordersOf, type Slab, type Slice, sliceSize } from './slice.js';

/** Bytes of a score and a mask. */
const BYTES = 9;

/** Writes the scores of a slab, and the masks that say which of them count. */
export async function keepScores(
  records: SlabRecords,
  slab: number,
  loaded: readonly LoadedSlice[],
  scores: readonly Float64Array[],
): Promise<void> {
  const arrays = loaded.flatMap(({ parameter }, i) => [scores[i], parameter.mask]);
  await records.keep('scores', slab, arrays);
}

/** Writes the score of each weight of a slab, in the layout of its regions. */
export async function keepWeightScores(
  { lease }: RunContext,
  records: SlabRecords,
  slab: number,
  ranking: Ranking,
): Promise<void> {
  const arrays = await weightScores(ranking, (size) => lease.float32(size));
  await records.keep('scores32', slab, arrays);
}

/** Scores that are in files, a slab in memory at a time. */
export function listsOnDisk(
  context: RunContext,
  slabs: readonly Slab[],
  records: SlabRecords,
  lists: readonly UnitList[],
  costs: readonly number[],
): RankedLists {
  return {
    lists,
    async visit(work, only) {
      for (const [k, slab] of slabs.entries()) {
        if (!slab.some(({ index }) => only?.has(index) ?? true)) continue;
        const parts = await slabParts(context, slab, records.path('scores', k), lists, costs, only);
        try {
          await work(parts);
        } finally {
          for (const { units } of parts) release(context, units);
        }
      }
    },
  };
}

function release({ lease }: RunContext, { starts, mask, scores, order }: Units): void {
  for (const array of [starts, mask, scores]) lease.release(array);
  if (order.places !== undefined) lease.release(order.places);
}

/** The scores of a slab, on the run's memory. */
export async function slabParts(
  context: RunContext,
  slab: Slab,
  path: string,
  lists: readonly UnitList[],
  costs: readonly number[],
  only?: ReadonlySet<number>,
): Promise<UnitPart[]> {
  const parts: UnitPart[] = [];
  let position = 0;
  for (const slice of slab) {
    const { index } = slice;
    if (only?.has(index) ?? true) {
      const scored = await readUnits(context, slice, path, position);
      const amounts = { weights: { factor: 1 }, flops: { factor: costs[index] } };
      parts.push({ list: index, units: { ...scored, amounts, totals: lists[index].totals } });
    }
    position += BYTES * sliceSize(slice);
  }
  return parts;
}

async function readUnits(
  { lease }: RunContext,
  slice: Slice,
  path: string,
  position: number,
): Promise<Omit<Units, 'amounts' | 'totals'>> {
  const shape = sliceShape(slice);
  const { starts, mask } = lease.arrays({
    starts: weightArrays(shape).starts,
    mask: weightArrays(shape).mask,
  });
  for (let block = 0; block <= shape.blockCount; block++) {
    starts[block] = Math.min(block * slice.blockSize, shape.size);
  }
  const scores = lease.float64(shape.size);
  await readArrays(path, [scores, mask], position);
  const places = hasPlaces(slice) ? lease.uint32(shape.size) : undefined;
  const { name, size, blockCount, blockOrder } = shape;
  const order = ordersOf(slice, { inTensor: places }).inTensor;
  return { name, size, order, starts, blockCount, blockOrder, mask, scores };
}
