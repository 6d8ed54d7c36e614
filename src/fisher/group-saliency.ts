import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { blockIndex } from '../blocks/layout.js';
import type { KernelJob } from '../engine/kernels.js';
import { WoodFisherError } from '../errors.js';
import { inPieces } from '../memory/pieces.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import { type FirstOrderTerm, firstOrderOf } from './first-order.js';
import type { FisherState } from './fisher-state.js';
import type { Lambda } from './lambda.js';

/** Groups that are laid out before the event loop turns. */
const GROUPS_A_PIECE = 4096;

type Group = ArrayLike<number>;

/** See BlockInverse.groupSaliency. One saliency per group, in the order of the groups. */
export async function groupSaliency(
  context: RunContext,
  state: FisherState,
  damping: Lambda,
  weights: readonly Float32Array[],
  name: string,
  groups: readonly Group[],
  firstOrder?: FirstOrderTerm,
): Promise<Float64Array> {
  const at = state.parameters.findIndex((parameter) => parameter.name === name);
  if (at === -1) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MISSING',
      `there is no prunable parameter "${name}"`,
      {
        parameter: name,
      },
    );
  }
  const parameter = state.parameters[at];
  const { order, firstOfBlock } = await sortByBlock(parameter, groups);
  const { lease } = context;
  const offsets = lease.uint32(groups.length + 1);
  const saliencies = lease.float64(groups.length);
  let indices: Uint32Array = new Uint32Array(0);
  try {
    offsets[0] = 0;
    await inPieces(
      groups.length,
      (begin, end) => {
        for (let g = begin; g < end; g++) offsets[g + 1] = offsets[g] + groups[order[g]].length;
      },
      GROUPS_A_PIECE,
    );
    indices = lease.uint32(offsets[groups.length]);
    await inPieces(
      groups.length,
      (begin, end) => {
        for (let g = begin; g < end; g++) {
          indices.set(inBlockOrder(parameter, groups[order[g]]), offsets[g]);
        }
      },
      GROUPS_A_PIECE,
    );
    const tasks = state
      .spans()
      .filter((span) => span.index === at)
      .map((span): LabelledJob<'groupSaliency'>[] => {
        const groupFrom = firstOfBlock[span.from];
        const groupTo = firstOfBlock[span.to];
        if (groupFrom === groupTo) return [];
        const job: KernelJob<'groupSaliency'> = {
          ...state.range(span, damping),
          weights: weights[at],
          indices,
          offsets,
          groupFrom,
          groupTo,
          saliencies,
          ...firstOrderOf(firstOrder, at),
        };
        return [{ parameter: name, job }];
      });
    await context.run('groupSaliency', tasks);
    const result = new Float64Array(groups.length);
    await inPieces(groups.length, (begin, end) => {
      for (let g = begin; g < end; g++) result[order[g]] = saliencies[g];
    });
    return result;
  } finally {
    for (const array of [indices, offsets, saliencies]) lease.release(array);
  }
}

/** Groups in the order of their blocks (a counting sort), and where each block's groups begin. */
async function sortByBlock(
  parameter: BlockedParameter,
  groups: readonly Group[],
): Promise<{ order: Uint32Array; firstOfBlock: Uint32Array }> {
  const blocks = new Uint32Array(groups.length);
  const firstOfBlock = new Uint32Array(parameter.blockCount + 1);
  await inPieces(
    groups.length,
    (begin, end) => {
      for (let g = begin; g < end; g++) {
        blocks[g] = checkedBlock(parameter, groups[g], g);
        firstOfBlock[blocks[g] + 1]++;
      }
    },
    GROUPS_A_PIECE,
  );
  for (let b = 0; b < parameter.blockCount; b++) firstOfBlock[b + 1] += firstOfBlock[b];
  const next = new Uint32Array(firstOfBlock);
  const order = new Uint32Array(groups.length);
  for (let g = 0; g < groups.length; g++) order[next[blocks[g]]++] = g;
  return { order, firstOfBlock };
}

function inBlockOrder(parameter: BlockedParameter, group: Group): Uint32Array {
  return Uint32Array.from(group, (index) => blockIndex(parameter.order, index)).sort();
}

/** The one block that a group lies in; refuses groups that are none. */
function checkedBlock(parameter: BlockedParameter, group: Group, position: number): number {
  const { name, modelSize, order, blockOrder, mask } = parameter;
  const refuse = (rule: string, index?: number): never => {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `group ${position} of parameter "${name}" must ${rule}`,
      { parameter: name, index },
    );
  };
  if (group.length === 0) refuse('have at least one weight');
  for (let i = 0; i < group.length; i++) {
    const index = group[i];
    if (!Number.isInteger(index) || index < 0 || index >= modelSize) {
      refuse(`hold indices from 0 to ${modelSize - 1}, but holds ${index}`, index);
    }
    const c = blockIndex(order, index);
    if (c === -1 || mask[c] === 0) {
      refuse(`hold weights that are still there, but ${index} was pruned before`, index);
    }
  }
  const places = inBlockOrder(parameter, group);
  if (places.some((c, i) => i > 0 && c === places[i - 1])) refuse('name each weight once');
  const block = blockOf(parameter, places[0]);
  const last = blockOf(parameter, places[places.length - 1]);
  if (block !== last) {
    refuse(
      `lie within one block of at most ${blockOrder} weights, but reaches from block ${block} to ${last}`,
    );
  }
  return block;
}

/** The block that holds weight c, by bisection. */
function blockOf({ starts, blockCount }: BlockedParameter, c: number): number {
  let low = 0;
  let high = blockCount - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle] <= c) low = middle;
    else high = middle - 1;
  }
  return low;
}
