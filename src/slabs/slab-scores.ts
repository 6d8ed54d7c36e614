import { weightArrays } from '../blocks/parameter-arrays.js';
import { fillInPieces } from '../memory/pieces.js';
import type { RunContext } from '../pool/run-context.js';
import { rangesOf } from '../selection/group-units.js';
import type { RankedLists, UnitList, UnitPart } from '../selection/ranked-lists.js';
import type { Ranking } from '../selection/ranking.js';
import type { Units } from '../selection/units.js';
import { weightScores } from '../selection/weight-scores.js';
import { readArrays } from './slab-arrays.js';
import { sliceShape } from './slab-memory.js';
import type { SlabRecords } from './slab-records.js';
import {
  consecutive,
  fillStarts,
  firstGroup,
  hasPlaces,
  ordersOf,
  type Slab,
  type Slice,
  sliceGroups,
  sliceSize,
} from './slice.js';

/** Writes the scores of a slab, and the masks that say which of them count; of groups also their weights. */
export async function keepScores(
  { lease }: RunContext,
  records: SlabRecords,
  slab: number,
  units: readonly Units[],
  grouped: boolean,
): Promise<void> {
  const arrays: ArrayBufferView[] = [];
  const own: Float64Array[] = [];
  for (const { scores, mask, size, amounts } of units) {
    arrays.push(scores);
    if (grouped) arrays.push(amounts.weights.each ?? (await filled(size, amounts.weights.factor)));
    arrays.push(mask);
  }
  await records.keep('scores', slab, arrays);
  for (const array of own) lease.release(array);

  async function filled(size: number, value: number): Promise<Float64Array> {
    const array = lease.float64(size);
    own.push(array);
    await fillInPieces(array, value);
    return array;
  }
}

/** Bytes of the scores of a slice on disk. */
export function scoreBytes(slice: Slice): number {
  const groups = sliceGroups(slice);
  return groups === undefined ? (8 + 1) * sliceSize(slice) : (8 + 8 + 1) * groups.count;
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

function release({ lease }: RunContext, { starts, mask, scores, order, amounts }: Units): void {
  for (const array of [starts, mask, scores]) lease.release(array);
  if (order.places !== undefined) lease.release(order.places);
  if (amounts.weights.each !== undefined) lease.release(amounts.weights.each);
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
      const read = slice.shape.groups === undefined ? readWeightUnits : readGroupUnits;
      const scored = await read(context, slice, path, position, costs[index]);
      parts.push({ list: index, units: { ...scored, totals: lists[index].totals } });
    }
    position += scoreBytes(slice);
  }
  return parts;
}

async function readWeightUnits(
  { lease }: RunContext,
  slice: Slice,
  path: string,
  position: number,
  cost: number,
): Promise<Omit<Units, 'totals'>> {
  const shape = sliceShape(slice);
  const { starts, mask } = lease.arrays({
    starts: weightArrays(shape).starts,
    mask: weightArrays(shape).mask,
  });
  fillStarts(slice, starts);
  const scores = lease.float64(shape.size);
  await readArrays(path, [scores, mask], position);
  const places = hasPlaces(slice) ? lease.uint32(shape.size) : undefined;
  const { name, size, blockCount, blockOrder } = shape;
  const order = ordersOf(slice, { inTensor: places }).inTensor;
  const amounts = { weights: { factor: 1 }, flops: { factor: cost } };
  return { name, size, order, starts, blockCount, blockOrder, mask, scores, amounts };
}

async function readGroupUnits(
  { lease }: RunContext,
  slice: Slice,
  path: string,
  position: number,
  cost: number,
): Promise<Omit<Units, 'totals'>> {
  const { name, groups } = sliceShape(slice);
  if (groups === undefined) throw new TypeError('a slice of groups has some');
  const { count: size } = groups;
  const [scores, each] = [lease.float64(size), lease.float64(size)];
  const mask = lease.uint8(size);
  await readArrays(path, [scores, each, mask], position);
  const places = hasPlaces(slice) ? consecutive(lease.uint32(size), firstGroup(slice)) : undefined;
  const order = { ...groups.order, places };
  const amounts = { weights: { each, factor: 1 }, flops: { each, factor: cost } };
  return { name, size, order, ...rangesOf(size, lease), mask, scores, amounts };
}
