import { DTYPE_BYTES } from '../dtypes.js';
import { evenCuts, PIECE_ELEMENTS } from './cuts.js';
import type { Fail, Layout } from './layout.js';
import { type DenseTensor, lastAxis } from './tensor.js';
import { isNonzero, type Words, wordsOf } from './words.js';

/** Longest group: indices in it take a byte at most. */
export const MAX_GROUP = 256;

/**
 * Packed N:M: groups of M neighbours along the last axis (the last group of a row has what is left)
 * with at most N stored elements each, which take N slots.
 *
 *     values   dtype [groups, N]           the stored elements of a group, ascending; the rest is +0.0
 *     indices  U8 [⌈groups · N · b / 8⌉]   b = ⌈log₂ M⌉ bits a slot, from the lowest bit of the first
 *                                          byte on: where in its group the element is; 0 for the rest
 */
export function packed(N: number, M: number): Layout {
  const bits = Math.ceil(Math.log2(M));
  return {
    name: `${N}:${M}`,

    parts(tensor) {
      const groups = groupCount(tensor, M);
      return [
        { suffix: 'values', dtype: tensor.dtype, shape: [groups, N] },
        { suffix: 'indices', dtype: 'U8', shape: [Math.ceil((groups * N * bits) / 8)] },
      ];
    },

    *cuts(tensor) {
      const length = lastAxis(tensor);
      const inRow = Math.ceil(length / M);
      // The indices of 8 groups fill whole bytes.
      const step = Math.floor(PIECE_ELEMENTS / M / 8) * 8;
      for (const group of evenCuts(groupCount(tensor, M), step)) {
        yield Math.floor(group / inRow) * length + Math.min((group % inRow) * M, length);
      }
    },

    packer(tensor, [values, indices], fail) {
      const length = lastAxis(tensor);
      const width = DTYPE_BYTES[tensor.dtype];
      const slots = new Uint8Array(Math.ceil(PIECE_ELEMENTS / M) * N + M);
      return async (piece, begin, end) => {
        const count = (groupsBefore(end, length, M) - groupsBefore(begin, length, M)) * N;
        const room = await values.room((count + M) * width);
        packGroups(piece, begin, end, { N, M, length }, wordsOf(room, width).array, slots, fail);
        values.wrote(count * width);
        const bytes = await indices.room(Math.ceil((count * bits) / 8));
        packIndices(slots.subarray(0, count), bits, bytes);
        indices.wrote(bytes.byteLength);
      };
    },

    unpacker(tensor, [values, indices], fail) {
      const length = lastAxis(tensor);
      const width = DTYPE_BYTES[tensor.dtype];
      const slots = new Uint8Array(Math.ceil(PIECE_ELEMENTS / M) * N);
      return async (piece, begin, end) => {
        const count = (groupsBefore(end, length, M) - groupsBefore(begin, length, M)) * N;
        const stored = wordsOf(await values.take(count * width), width).array;
        const bytes = await indices.take(Math.ceil((count * bits) / 8));
        if (unpackIndices(bytes, bits, slots.subarray(0, count)) !== 0) {
          fail('the bits behind the last index must be 0');
        }
        unpackGroups(stored, slots, piece, begin, end, { N, M, length }, fail);
      };
    },
  };
}

/** Groups of M along the last axis. */
export function groupCount(tensor: DenseTensor, M: number): number {
  return groupsBefore(tensor.size, lastAxis(tensor), M);
}

/** Groups that begin before element `end`, which is itself the start of a group or of a row. */
function groupsBefore(end: number, length: number, M: number): number {
  if (length === 0) return 0;
  return Math.floor(end / length) * Math.ceil(length / M) + Math.ceil((end % length) / M);
}

interface Grouping {
  N: number;
  M: number;
  /** Of the last axis. */
  length: number;
}

function packGroups(
  { array, lanes }: Words,
  begin: number,
  end: number,
  { N, M, length }: Grouping,
  values: Words['array'],
  slots: Uint8Array,
  fail: Fail,
): void {
  let slot = 0;
  for (let at = 0, column = begin % length; at < end - begin; slot += N) {
    const count = Math.min(M, length - column);
    let next = slot;
    // Each element is written behind those before it and stays there if it is stored.
    for (const stop = at + count, from = at; at < stop; at++) {
      slots[next] = at - from;
      if (lanes === 1) {
        values[next] = array[at];
        next += isNonzero(array[at]);
      } else {
        values[2 * next] = array[2 * at];
        values[2 * next + 1] = array[2 * at + 1];
        next += isNonzero(array[2 * at] | array[2 * at + 1]);
      }
    }
    if (next - slot > N) fail(`a group of ${M} has more than ${N} elements that are not +0.0`);
    for (; next < slot + N; next++) {
      slots[next] = 0;
      for (let lane = 0; lane < lanes; lane++) values[next * lanes + lane] = 0;
    }
    column += count;
    if (column === length) column = 0;
  }
}

function unpackGroups(
  values: Words['array'],
  slots: Uint8Array,
  { array, lanes }: Words,
  begin: number,
  end: number,
  { N, M, length }: Grouping,
  fail: Fail,
): void {
  array.fill(0, 0, (end - begin) * lanes);
  let slot = 0;
  for (let at = 0, column = begin % length; at < end - begin; ) {
    const count = Math.min(M, length - column);
    let least = 0;
    for (const stop = slot + N; slot < stop; slot++) {
      const index = slots[slot];
      const value = lanes === 1 ? values[slot] : values[2 * slot] | values[2 * slot + 1];
      if (value === 0) {
        if (index !== 0) fail(`a slot without a value must have index 0, but has ${index}`);
        least = count; // no value may follow
        continue;
      }
      if (index < least || index >= count) fail(badSlot(index, count));
      if (lanes === 1) {
        array[at + index] = value;
      } else {
        array[2 * (at + index)] = values[2 * slot];
        array[2 * (at + index) + 1] = values[2 * slot + 1];
      }
      least = index + 1;
    }
    at += count;
    column += count;
    if (column === length) column = 0;
  }
}

function badSlot(index: number, count: number): string {
  if (index >= count)
    return `an index in a group of ${count} must be below ${count}, but is ${index}`;
  return 'the values of a group must come first and their indices ascend';
}

function packIndices(slots: Uint8Array, bits: number, bytes: Uint8Array): void {
  let waiting = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < slots.length; i++) {
    waiting |= slots[i] << held;
    held += bits;
    if (held >= 8) {
      bytes[at++] = waiting;
      waiting >>>= 8;
      held -= 8;
    }
  }
  if (held > 0) bytes[at] = waiting;
}

/** Returns the bits that are left behind the last slot. */
function unpackIndices(bytes: Uint8Array, bits: number, slots: Uint8Array): number {
  const mask = 2 ** bits - 1;
  let waiting = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < slots.length; i++) {
    if (held < bits) {
      waiting |= bytes[at++] << held;
      held += 8;
    }
    slots[i] = waiting & mask;
    waiting >>>= bits;
    held -= bits;
  }
  return waiting;
}
