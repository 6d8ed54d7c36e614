import { DTYPE_BYTES, type Dtype } from '../dtypes.js';
import { rowCuts } from './cuts.js';
import type { Fail, Layout } from './layout.js';
import { type DenseTensor, matrixShape } from './tensor.js';
import { indicesOf, isNonzero, type Words, wordsOf } from './words.js';

/**
 * Compressed sparse rows; a row is what one index of the first axis has.
 *
 *     row_offsets  U32 [rows + 1]          row r has the stored values row_offsets[r] … row_offsets[r+1]
 *     columns      U8, U16, U32 [stored]   ascending in a row; the narrowest that holds columns − 1
 *     values       dtype [stored]
 */
export const csr: Layout = {
  name: 'csr',

  parts(tensor, stored) {
    const { rows, columns } = matrixShape(tensor);
    return [
      { suffix: 'row_offsets', dtype: 'U32', shape: [rows + 1] },
      { suffix: 'columns', dtype: INDEX_DTYPES[indexWidth(columns)], shape: [stored] },
      { suffix: 'values', dtype: tensor.dtype, shape: [stored] },
    ];
  },

  cuts(tensor) {
    return rowCuts(tensor.size, matrixShape(tensor).columns);
  },

  packer(tensor, [offsets, indices, values]) {
    const { columns } = matrixShape(tensor);
    const width = DTYPE_BYTES[tensor.dtype];
    const bytes = indexWidth(columns);
    let before = 0;
    return async (piece, begin, end) => {
      const count = end - begin;
      const first = begin === 0 ? 1 : 0; // of the offsets, 0 stands before all rows
      const ends = Math.floor(end / columns) - Math.floor(begin / columns);
      const rowEnds = indicesOf(await offsets.room(4 * (ends + first)), 4);
      const columnRoom = indicesOf(await indices.room(count * bytes), bytes);
      const valueRoom = wordsOf(await values.room(count * width), width).array;
      const stored = packRows(piece, begin, end, columns, {
        before,
        rowEnds: rowEnds.subarray(first),
        columns: columnRoom,
        values: valueRoom,
      });
      if (first === 1) rowEnds[0] = 0;
      offsets.wrote(rowEnds.byteLength);
      indices.wrote(stored * bytes);
      values.wrote(stored * width);
      before += stored;
    };
  },

  unpacker(tensor, [offsets, indices, values], fail) {
    const { columns } = matrixShape(tensor);
    const width = DTYPE_BYTES[tensor.dtype];
    const bytes = indexWidth(columns);
    const all = values.bytes / width;
    const place: Place = { previous: -1, rowEnd: 0 };
    let done = 0;
    return async (piece, begin, end) => {
      if (begin === 0) {
        const [zero] = indicesOf(await offsets.take(4), 4);
        if (zero !== 0) fail(`row_offsets must begin with 0, but begin with ${zero}`);
      }
      const rows = Math.ceil(end / columns) - Math.ceil(begin / columns);
      const rowEnds = indicesOf(await offsets.take(4 * rows), 4);
      let last = place.rowEnd;
      for (const rowEnd of rowEnds) {
        if (rowEnd < last || rowEnd > all) {
          fail(
            `row_offsets must ascend to ${all}, the stored values, but ${rowEnd} follows ${last}`,
          );
        }
        last = rowEnd;
      }
      const count = Math.min(last - done, end - begin);
      const found = scatterRows(piece, begin, end, columns, place, {
        rowEnds,
        columns: indicesOf(await indices.peek(count * bytes), bytes),
        values: wordsOf(await values.peek(count * width), width).array,
        done,
        fail,
      });
      indices.skip(found * bytes);
      values.skip(found * width);
      done += found;
      if (end === tensor.size && done < all) {
        fail(`row_offsets must end with ${all}, the stored values, but end with ${done}`);
      }
    };
  },
};

const INDEX_DTYPES = { 1: 'U8', 2: 'U16', 4: 'U32' } as const satisfies Record<number, Dtype>;

function indexWidth(columns: number): 1 | 2 | 4 {
  if (columns <= 2 ** 8) return 1;
  return columns <= 2 ** 16 ? 2 : 4;
}

/** Why a tensor cannot be stored as CSR, whatever is in it. */
export function csrObstacle(tensor: DenseTensor, stored: number): string | undefined {
  if (tensor.shape.length < 2) return 'csr is for two or more axes';
  const { rows, columns } = matrixShape(tensor);
  const most = 2 ** 32 - 1;
  if (columns > most || stored > most || rows > most) return 'too large for the indices of csr';
  return undefined;
}

/** Stored elements of a piece with their columns. Returns how many there are. */
function packRows(
  { array, lanes }: Words,
  begin: number,
  end: number,
  columns: number,
  out: {
    /** Stored elements of the pieces before. */
    before: number;
    rowEnds: Words['array'];
    columns: Words['array'];
    values: Words['array'];
  },
): number {
  const { rowEnds, columns: indices, values } = out;
  let stored = 0;
  let row = 0;
  for (let at = 0, column = begin % columns; at < end - begin; column = 0) {
    const stop = Math.min(at + columns - column, end - begin);
    if (lanes === 1) {
      for (; at < stop; at++, column++) {
        const value = array[at];
        indices[stored] = column;
        values[stored] = value;
        stored += isNonzero(value);
      }
    } else {
      for (; at < stop; at++, column++) {
        indices[stored] = column;
        values[2 * stored] = array[2 * at];
        values[2 * stored + 1] = array[2 * at + 1];
        stored += isNonzero(array[2 * at] | array[2 * at + 1]);
      }
    }
    if (column === columns) rowEnds[row++] = out.before + stored;
  }
  return stored;
}

/** Where unpacking is, between two pieces of one row. */
interface Place {
  /** The column before; -1 at the start of a row. */
  previous: number;
  /** One past the row's last stored value. */
  rowEnd: number;
}

/** Fills a piece; returns how many values stand in it. */
function scatterRows(
  { array, lanes }: Words,
  begin: number,
  end: number,
  columns: number,
  place: Place,
  from: {
    /** Of the rows that begin in the piece. */
    rowEnds: Words['array'];
    columns: Words['array'];
    values: Words['array'];
    /** Stored values of the pieces before. */
    done: number;
    fail: Fail;
  },
): number {
  const { rowEnds, columns: indices, values, done, fail } = from;
  array.fill(0, 0, (end - begin) * lanes);
  let found = 0;
  let row = 0;
  for (let at = 0, column = begin % columns; at < end - begin; column = 0) {
    const count = Math.min(columns - column, end - begin - at);
    if (column === 0) {
      place.previous = -1;
      place.rowEnd = rowEnds[row++];
    }
    const stop = Math.min(place.rowEnd - done, indices.length);
    const origin = at - column;
    let { previous } = place;
    for (; found < stop && indices[found] < column + count; found++) {
      const index = indices[found];
      if (index <= previous) fail(`columns must ascend in a row, but ${index} follows ${previous}`);
      if (lanes === 1) {
        array[origin + index] = values[found];
      } else {
        array[2 * (origin + index)] = values[2 * found];
        array[2 * (origin + index) + 1] = values[2 * found + 1];
      }
      previous = index;
    }
    place.previous = previous;
    if (column + count === columns && found < place.rowEnd - done) {
      const rule = `a row of ${columns} columns must have distinct indices below ${columns}`;
      fail(`${rule}, but has ${found < stop ? indices[found] : 'more values than columns'}`);
    }
    at += count;
  }
  return found;
}
