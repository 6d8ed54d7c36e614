import type { NumericValueRef, Spec, TextEncodeEntry, TextMark, TextValueRef } from 'vega';
import { COLOURS } from './style.js';
import { toSvg } from './svg.js';

/** One bar. */
export interface Bar {
  /** Bars of a group stand together under its name. */
  group: string;
  /** Decides the colour. */
  label: string;
  /** Above 0 on a logarithmic axis. */
  value: number;
}

/** How a bar chart looks. */
export interface BarChartOptions {
  title: string;
  subtitle?: string;
  /** Title of the axis of values. */
  axis: string;
  /** How values are written, in d3's notation. Default `.3~s`. */
  format?: string;
  /** Default false: the axis begins at 0. */
  logarithmic?: boolean;
}

const ROW = 18;
const WIDTH = 480;

/**
 * Horizontal bars in groups, in the order given, each with its label before and its value behind it;
 * SVG text.
 * @throws {RangeError} for a value that its axis cannot show.
 */
export async function barChart(bars: readonly Bar[], options: BarChartOptions): Promise<string> {
  const { logarithmic = false } = options;
  for (const { group, label, value } of bars) {
    if (Number.isFinite(value) && (logarithmic ? value > 0 : value >= 0)) continue;
    const rule = logarithmic ? 'above 0' : 'at least 0';
    throw new RangeError(`the bar ${group}, ${label} must be finite and ${rule}, but is ${value}`);
  }
  return await toSvg(barSpec(bars, options));
}

/** A group has a row for its name, then one for each of its bars. */
interface Rows {
  names: { text: string; row: number }[];
  bars: (Bar & { row: number })[];
  count: number;
}

function layOut(bars: readonly Bar[]): Rows {
  const rows: Rows = { names: [], bars: [], count: 0 };
  for (const group of new Set(bars.map((bar) => bar.group))) {
    rows.names.push({ text: group, row: rows.count++ });
    for (const bar of bars) {
      if (bar.group === group) rows.bars.push({ ...bar, row: rows.count++ });
    }
  }
  return rows;
}

const middle: NumericValueRef = { field: 'row', mult: ROW, offset: ROW / 2 };

function barSpec(
  bars: readonly Bar[],
  { title, subtitle, axis, format = '.3~s', logarithmic = false }: BarChartOptions,
): Spec {
  const rows = layOut(bars);
  const values = bars.map(({ value }) => value);
  const smallest = logarithmic ? Math.min(1, ...values) : 0;
  const written: TextValueRef = { signal: `format(datum.value, '${format}')` };
  return {
    width: WIDTH,
    height: rows.count * ROW,
    padding: 8,
    title: { text: title, subtitle: subtitle ?? '' },
    data: [
      { name: 'names', values: rows.names },
      { name: 'rows', values: rows.bars },
    ],
    scales: [
      {
        name: 'value',
        type: logarithmic ? 'log' : 'linear',
        domain: [smallest, Math.max(smallest * 10, ...values)],
        range: 'width',
        nice: true,
      },
      {
        name: 'colour',
        type: 'ordinal',
        domain: [...new Set(bars.map(({ label }) => label))],
        range: [...COLOURS],
      },
    ],
    axes: [{ scale: 'value', orient: 'bottom', title: axis, grid: true, format, tickCount: 6 }],
    marks: [
      {
        type: 'rect',
        name: 'bars',
        from: { data: 'rows' },
        encode: {
          enter: {
            x: { value: 0 },
            x2: { scale: 'value', field: 'value' },
            y: { field: 'row', mult: ROW, offset: 2 },
            height: { value: ROW - 4 },
            fill: { scale: 'colour', field: 'label' },
          },
        },
      },
      {
        type: 'text',
        from: { data: 'rows' },
        encode: {
          enter: {
            x: { scale: 'value', field: 'value', offset: 4 },
            y: middle,
            baseline: { value: 'middle' },
            text: written,
          },
        },
      },
      wordsAtLeft('rows', { text: { field: 'label' } }),
      wordsAtLeft('names', { fontWeight: { value: 'bold' }, text: { field: 'text' } }),
    ],
  };
}

/** Words left of the axis, a row each. */
function wordsAtLeft(data: string, what: TextEncodeEntry): TextMark {
  return {
    type: 'text',
    from: { data },
    encode: {
      enter: {
        x: { value: -6 },
        y: middle,
        align: { value: 'right' },
        baseline: { value: 'middle' },
        ...what,
      },
    },
  };
}
