import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { blockIndex } from '../blocks/layout.js';
import type { NamedSet } from '../blocks/pattern.js';
import { WoodFisherError } from '../errors.js';
import type { Lease } from '../memory/arena.js';
import { inPieces } from '../memory/pieces.js';

/** For each parameter, the set of each weight (block order), or −1. */
export async function resolveSets(
  lease: Lease,
  parameters: readonly BlockedParameter[],
  sets: readonly NamedSet[],
): Promise<((c: number) => number)[]> {
  checkNames(parameters, sets);
  const lookups: ((c: number) => number)[] = [];
  for (const parameter of parameters) {
    if (!sets.some(({ members }) => parameter.name in members)) {
      lookups.push(() => -1);
      continue;
    }
    const setOf = lease.int32(parameter.size);
    await inPieces(setOf.length, (begin, end) => setOf.fill(-1, begin, end));
    for (const number of sets.keys()) await place(parameter, sets, number, setOf);
    lookups.push((c) => setOf[c]);
  }
  return lookups;
}

async function place(
  { name, size, order }: BlockedParameter,
  sets: readonly NamedSet[],
  number: number,
  setOf: Int32Array,
): Promise<void> {
  const members = sets[number].members[name];
  if (members === undefined) return;
  await inPieces(members.length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const index = members[i];
      if (!Number.isInteger(index) || index < 0 || index >= size) {
        throw setError(
          `set "${sets[number].name}" must hold indices of parameter "${name}" from 0 to ${size - 1}, but holds ${index}`,
          name,
          index,
        );
      }
      const c = blockIndex(order, index);
      if (setOf[c] !== -1) {
        throw setError(
          `weight ${index} of parameter "${name}" must be in one set and once, but is in "${sets[setOf[c]].name}" and "${sets[number].name}"`,
          name,
          index,
        );
      }
      setOf[c] = number;
    }
  });
}

function checkNames(parameters: readonly BlockedParameter[], sets: readonly NamedSet[]): void {
  const known = new Set(parameters.map(({ name }) => name));
  const names = new Set<string>();
  for (const { name, members } of sets) {
    if (names.has(name)) throw setError(`two sets are named "${name}"; names must be unique`);
    names.add(name);
    const unknown = Object.keys(members).find((parameter) => !known.has(parameter));
    if (unknown !== undefined) {
      throw setError(
        `set "${name}" has weights of "${unknown}", which is no prunable parameter`,
        unknown,
      );
    }
    if (Object.values(members).every(({ length }) => length === 0)) {
      throw setError(`set "${name}" must have at least one weight`);
    }
  }
}

function setError(message: string, parameter?: string, index?: number): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_SHAPE', message, { parameter, index });
}
