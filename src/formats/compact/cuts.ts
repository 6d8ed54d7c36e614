/**
 * Elements that are worked on at once: 0.5 to 4 MiB of a dense tensor, one to five milliseconds of
 * work, after which the event loop has its turn.
 */
export const PIECE_ELEMENTS = 2 ** 19;

/** Ends of pieces of `step` elements. */
export function* evenCuts(size: number, step = PIECE_ELEMENTS): Generator<number> {
  for (let end = 0; end < size; ) {
    end = Math.min(end + step, size);
    yield end;
  }
}

/**
 * Ends of pieces that are whole rows of `columns` elements, or, where a row is longer than a piece,
 * parts of one row that begin at multiples of `align` in it.
 */
export function* rowCuts(size: number, columns: number, align = 1): Generator<number> {
  if (columns <= PIECE_ELEMENTS) {
    yield* evenCuts(size, Math.floor(PIECE_ELEMENTS / Math.max(columns, 1)) * columns);
    return;
  }
  const step = Math.floor(PIECE_ELEMENTS / align) * align;
  for (let row = 0; row < size; row += columns) {
    for (const end of evenCuts(columns, step)) yield row + end;
  }
}

/**
 * Bytes of the longest step in any part of a tensor: an index of four bytes, or a value, for each
 * element of a piece, one offset more, and a group of the longest kind that is not full.
 */
export function longestStep(size: number, width: number): number {
  return Math.min(size, PIECE_ELEMENTS) * Math.max(width, 4) + 4 + 256 * width;
}
