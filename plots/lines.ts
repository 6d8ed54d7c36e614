import type { Spec } from 'vega';
import { COLOURS } from './style.js';
import { toSvg } from './svg.js';

/** A point of a curve. */
export interface Point {
  x: number;
  /** The value, or the mean of several. */
  y: number;
  /** Standard deviation, drawn as a band y ± deviation. Default 0. */
  deviation?: number;
}

/** A curve. */
export interface Curve {
  /** Stands in the legend. */
  label: string;
  /** In the order they are joined. */
  points: readonly Point[];
}

/** How a line chart looks. */
export interface LineChartOptions {
  title: string;
  subtitle?: string;
  /** Titles of the axes. */
  x: string;
  y: string;
  /** How numbers are written, in d3's notation. Default `~g`. */
  formatX?: string;
  formatY?: string;
  /** Labels that colours are given to, in order, where other charts show them too. Default: those of the curves. */
  palette?: readonly string[];
  /** Axes that are logarithmic. Default none. */
  logarithmic?: { x?: boolean; y?: boolean };
}

const WIDTH = 520;
const HEIGHT = 320;
/** Whole lines, then dashes and dots. */
const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
];

/**
 * Curves with points, and bands of one standard deviation where there is one; SVG text.
 * @throws {RangeError} for a number that its axis cannot show.
 */
export async function lineChart(
  curves: readonly Curve[],
  options: LineChartOptions,
): Promise<string> {
  const { logarithmic = {} } = options;
  for (const { label, points } of curves) {
    for (const { x, y, deviation = 0 } of points) {
      check(label, 'x', x, logarithmic.x);
      check(label, 'y', y - deviation, logarithmic.y);
      check(label, 'y', y + deviation, logarithmic.y);
    }
  }
  return await toSvg(lineSpec(curves, options));
}

function check(label: string, axis: string, value: number, logarithmic = false): void {
  if (Number.isFinite(value) && (!logarithmic || value > 0)) return;
  const rule = logarithmic ? 'finite and above 0' : 'finite';
  throw new RangeError(`${axis} of the curve ${label} must be ${rule}, but is ${value}`);
}

function lineSpec(
  curves: readonly Curve[],
  {
    title,
    subtitle,
    x,
    y,
    formatX = '~g',
    formatY = '~g',
    palette,
    logarithmic = {},
  }: LineChartOptions,
): Spec {
  const points = curves.flatMap(({ label, points }) =>
    points.map(({ x, y, deviation = 0 }) => ({
      label,
      x,
      y,
      low: y - deviation,
      high: y + deviation,
    })),
  );
  const position = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } } as const;
  const colour = { scale: 'colour', field: 'label' } as const;
  const labels = curves.map(({ label }) => label);
  const coloured = [...(palette ?? labels)];
  return {
    width: WIDTH,
    height: HEIGHT,
    padding: 8,
    title: { text: title, subtitle: subtitle ?? '' },
    data: [{ name: 'points', values: points }],
    scales: [
      {
        name: 'x',
        type: logarithmic.x ? 'log' : 'linear',
        domain: { data: 'points', field: 'x' },
        range: 'width',
        zero: false,
      },
      {
        name: 'y',
        type: logarithmic.y ? 'log' : 'linear',
        domain: { data: 'points', fields: ['low', 'high'] },
        range: 'height',
        nice: true,
        zero: false,
      },
      {
        name: 'colour',
        type: 'ordinal',
        domain: coloured,
        range: [...COLOURS],
      },
      {
        name: 'dash',
        type: 'ordinal',
        domain: coloured,
        // Where colours come round again, their lines are told apart by dashes.
        range: coloured.map((_, i) => DASHES[Math.floor(i / COLOURS.length) % DASHES.length]),
      },
    ],
    axes: [
      { scale: 'x', orient: 'bottom', title: x, grid: true, format: formatX },
      { scale: 'y', orient: 'left', title: y, grid: true, format: formatY, tickCount: 6 },
    ],
    legends: [
      {
        stroke: 'colour',
        strokeDash: 'dash',
        values: labels,
        symbolType: 'stroke',
        symbolStrokeWidth: 2,
      },
    ],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'curve', data: 'points', groupby: 'label' } },
        marks: [
          {
            type: 'area',
            name: 'band',
            from: { data: 'curve' },
            encode: {
              enter: {
                x: position.x,
                y: { scale: 'y', field: 'low' },
                y2: { scale: 'y', field: 'high' },
                fill: colour,
                fillOpacity: { value: 0.15 },
              },
            },
          },
          {
            type: 'line',
            name: 'line',
            from: { data: 'curve' },
            encode: {
              enter: {
                ...position,
                stroke: colour,
                strokeDash: { scale: 'dash', field: 'label' },
                strokeWidth: { value: 2 },
              },
            },
          },
          {
            type: 'symbol',
            name: 'points',
            from: { data: 'curve' },
            encode: { enter: { ...position, fill: colour, size: { value: 25 } } },
          },
        ],
      },
    ],
  };
}
