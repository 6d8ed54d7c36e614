import type { AccumulateJob } from '../kernels.js';
import { cancelled } from './control.js';
import { gather } from './gather.js';

/** Samples of a panel: as many are summed apart before they are added to the state. */
export const PANEL_SAMPLES = 128;

/** Columns of a strip at most. 992 bytes from sample to sample: a column meets all cache sets. */
const STRIP = 124;

/** Columns of zeros at least behind the last one: tiles need not end where a block ends. */
const PADDING = 4;

/**
 * Up to 128 samples of a block, float64, in strips of at most 124 columns: value (n, c) stands at
 * (c − c mod width) · depth + n · width + c mod width. Narrow strips, because the samples of a few
 * columns of a wide block would lie on a page each.
 */
export interface PanelShape {
  depth: number;
  /** Columns of a strip, a multiple of 4. */
  width: number;
  strips: number;
}

export function panelShape(order: number, depth: number): PanelShape {
  const columns = order + PADDING;
  const width = Math.min(STRIP, columns - (columns % 4));
  return { depth, width, strips: Math.ceil((order + 1) / width) };
}

/** Float64 of a full panel of a block. */
export function panelSize(order: number): number {
  const { width, strips } = panelShape(order, PANEL_SAMPLES);
  return width * strips * PANEL_SAMPLES;
}

/** Where column c begins; its next sample is `width` places further on. */
export function columnAt({ depth, width }: PanelShape, c: number): number {
  const place = c % width;
  return (c - place) * depth + place;
}

/**
 * Packs samples [first, first + depth) of the block [begin, begin + order), and adds their sums to
 * `sums`. False: cancelled.
 */
export function pack(
  job: AccumulateJob,
  begin: number,
  order: number,
  first: number,
  { depth, width, strips }: PanelShape,
  panel: Float64Array,
  sums: Float64Array,
): boolean {
  for (let strip = 0; strip < strips; strip++) {
    if (cancelled(job.control)) return false;
    const column = strip * width;
    const length = Math.min(width, order - column);
    for (let n = 0; n < depth; n++) {
      const at = column * depth + n * width;
      gather(job, begin + column, length, first + n, panel, at);
      for (let c = length; c < width; c++) panel[at + c] = 0;
      for (let c = 0; c < length; c++) sums[column + c] += panel[at + c];
    }
  }
  return true;
}
