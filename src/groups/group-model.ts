import type { BlockShape } from '../blocks/block-shape.js';
import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { ParsedPattern } from '../blocks/pattern.js';
import type { AxisOrder } from '../engine/kernels.js';
import { WoodFisherError } from '../errors.js';
import type { Lease } from '../memory/arena.js';
import { resolveSets } from './named-sets.js';

/** Groups that are numbered and ranked together: those of a parameter, or all named sets. */
export interface GroupList {
  /** The parameter; absent for named sets. */
  name?: string;
  count: number;
  /** Weights of each; absent where they differ. */
  size?: number;
  order: AxisOrder;
}

/** To which group each weight of a parameter belongs. */
export interface Membership {
  /** Position in {@link GroupModel.lists}. */
  list: number;
  /** The group of weight c in block order, or −1. */
  of(c: number): number;
}

/** The groups of a model. */
export interface GroupModel {
  lists: readonly GroupList[];
  /** By parameter. */
  members: readonly Membership[];
}

/** Numbers the groups of a pattern; refuses a pattern that fits nowhere, and sets that may not be. */
export async function groupModel(
  lease: Lease,
  parameters: readonly BlockedParameter[],
  pattern: ParsedPattern,
): Promise<GroupModel> {
  if (pattern.kind === 'sets') {
    const members = await resolveSets(lease, parameters, pattern.sets);
    const count = pattern.sets.length;
    return {
      lists: [{ count, order: { outputs: count, before: 1, after: 1 } }],
      members: members.map((of) => ({ list: 0, of })),
    };
  }
  const lists: GroupList[] = [];
  const members: Membership[] = [];
  parameters.forEach(({ name, groups }, list) => {
    if (groups === undefined) throw new TypeError('parameters were laid out for another pattern');
    const { count, size, order, of } = groups;
    lists.push({ name, count, size, order });
    members.push({ list, of });
  });
  // Where these are parts of parameters, all of these together have been looked at before.
  if (parameters.some(({ part }) => part === undefined)) requireGroups(parameters, pattern);
  return { lists, members };
}

/** Refuses a pattern whose groups fit into no parameter. */
export function requireGroups(
  parameters: readonly Pick<BlockShape, 'groups'>[],
  { text }: ParsedPattern,
): void {
  if (parameters.some(({ groups }) => groups === undefined || groups.count > 0)) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `pattern ${text} finds no whole group in any parameter: the axis is shorter in all of them`,
    { option: 'pattern', value: text },
  );
}
