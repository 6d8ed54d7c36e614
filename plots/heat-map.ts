import { style } from './style.js';

/** How a heat map looks. */
export interface HeatMapOptions {
  title: string;
  subtitle?: string;
  /** Rows, and columns alike, that a line is drawn before. Default none. */
  parts?: readonly number[];
}

/** Pixels of the square. */
const SIDE = 294;
const [LEFT, TOP, BELOW] = [8, 52, 48];
/** Shades of one sign; more are hardly told apart, and every shade is a path of its own. */
const SHADES = 12;
/** Blue, white, red: told apart by colour-blind readers. */
const [NEGATIVE, POSITIVE] = [
  [5, 74, 145],
  [178, 24, 43],
];

/**
 * A square matrix as coloured cells, row 0 on top: white is 0, red positive, blue negative, and the colour
 * is as strong as the square root of |value| over the largest, so that small entries show beside a strong
 * diagonal. SVG text; cells of one shade that lie beside each other are drawn as one.
 *
 * @param matrix Row-major, [order, order].
 * @throws {RangeError} for a value that is not finite, and for a length that is no square.
 */
export function heatMap(
  matrix: ArrayLike<number>,
  { title, subtitle = '', parts = [] }: HeatMapOptions,
): string {
  const order = Math.sqrt(matrix.length);
  if (!Number.isInteger(order) || order === 0) {
    throw new RangeError(`a heat map must have n × n values, but has ${matrix.length}`);
  }
  let largest = 0;
  for (let i = 0; i < matrix.length; i++) {
    if (!Number.isFinite(matrix[i])) {
      throw new RangeError(`value ${i} of the heat map must be finite, but is ${matrix[i]}`);
    }
    largest = Math.max(largest, Math.abs(matrix[i]));
  }
  const width = LEFT + SIDE + LEFT;
  const height = TOP + SIDE + BELOW;
  const scale = SIDE / order;
  const cells = [...pathsByShade(matrix, order, largest)]
    .sort(([a], [b]) => a - b)
    .map(([shade, d]) => `<path stroke="${colourOf(shade)}" d="${d}"/>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">`,
    `<rect width="${width}" height="${height}" fill="${style.background}"/>`,
    words(title, { y: 20, size: style.title?.fontSize, bold: true }),
    words(subtitle, { y: 38, size: style.title?.subtitleFontSize }),
    `<g transform="translate(${LEFT} ${TOP}) scale(${scale})" shape-rendering="crispEdges">`,
    ...cells,
    lines(order, parts),
    `<rect width="${order}" height="${order}" fill="none" stroke="#888" stroke-width="${1 / scale}"/>`,
    '</g>',
    legend(largest),
    '</svg>',
  ].join('');
}

/** The cells of each shade that is not white, −SHADES … SHADES, as lines one cell high. */
function pathsByShade(
  matrix: ArrayLike<number>,
  order: number,
  largest: number,
): Map<number, string> {
  const paths = new Map<number, string>();
  const pens = new Map<number, { x: number; y: number }>();
  for (let row = 0; row < order; row++) {
    for (let from = 0; from < order; ) {
      const shade = shadeOf(matrix[row * order + from], largest);
      let to = from + 1;
      while (to < order && shadeOf(matrix[row * order + to], largest) === shade) to++;
      if (shade !== 0) {
        const pen = pens.get(shade);
        const move = pen ? `m${from - pen.x} ${row - pen.y}` : `M${from} ${row + 0.5}`;
        paths.set(shade, `${paths.get(shade) ?? ''}${move}h${to - from}`);
        pens.set(shade, { x: to, y: row });
      }
      from = to;
    }
  }
  return paths;
}

function shadeOf(value: number, largest: number): number {
  if (largest === 0) return 0;
  return Math.sign(value) * Math.round(SHADES * Math.sqrt(Math.abs(value) / largest));
}

function colourOf(shade: number): string {
  const strength = Math.abs(shade) / SHADES;
  const channels = (shade < 0 ? NEGATIVE : POSITIVE).map((channel) =>
    Math.round(255 + strength * (channel - 255)),
  );
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

function lines(order: number, parts: readonly number[]): string {
  if (parts.length === 0) return '';
  const d = parts.map((at) => `M${at} 0V${order}M0 ${at}H${order}`).join('');
  return `<path fill="none" stroke="#000" stroke-opacity=".35" stroke-width="${order / SIDE}" d="${d}"/>`;
}

/** The shades from −largest to largest. */
function legend(largest: number): string {
  const y = TOP + SIDE + 12;
  const step = SIDE / (2 * SHADES + 1);
  const shades = Array.from({ length: 2 * SHADES + 1 }, (_, i) => {
    const x = (LEFT + i * step).toFixed(2);
    return `<rect x="${x}" y="${y}" width="${step.toFixed(2)}" height="10" fill="${colourOf(i - SHADES)}"/>`;
  });
  const size = style.text?.fontSize;
  const number = largest.toPrecision(2);
  return [
    ...shades,
    words(`−${number}`, { y: y + 24, size }),
    words('0', { x: LEFT + SIDE / 2, y: y + 24, size, anchor: 'middle' }),
    words(number, { x: LEFT + SIDE, y: y + 24, size, anchor: 'end' }),
  ].join('');
}

function words(
  text: string,
  {
    x = LEFT,
    y,
    size,
    bold = false,
    anchor = 'start',
  }: { x?: number; y: number; size: unknown; bold?: boolean; anchor?: string },
): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${x}" y="${y}" font-size="${size}"${weight} text-anchor="${anchor}">${escaped}</text>`;
}
