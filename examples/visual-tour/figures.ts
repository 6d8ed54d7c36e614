import { heatMap } from '../../plots/heat-map.js';
import { type Curve, lineChart } from '../../plots/lines.js';
import { tile } from '../../plots/tile.js';
import type { Block } from './blocks.js';
import type { Way, WayPoint } from './directions.js';
import type { Tour, Whole } from './tour.js';
import { meanStrengths, type WholeMatrix } from './whole.js';

/** The figures of a tour as SVG texts, by file name. */
export async function figuresOf({
  network,
  blocks,
  whole,
  ways,
}: Tour): Promise<Map<string, string>> {
  const figures = new Map<string, string>();
  for (const block of blocks) {
    figures.set(`tour-${network.name}-${block.layer}.svg`, heatMaps(block));
  }
  figures.set(`tour-${network.name}-whole.svg`, wholeMaps(network.name, whole));
  const charts = await Promise.all(ways.map(wayChart));
  figures.set(`tour-${network.name}-ways.svg`, tile(charts.map((chart) => [chart])));
  return figures;
}

function heatMaps({ layer, index, patch, ...matrices }: Block): string {
  const subtitle = `${layer}, block ${index}, ${Math.sqrt(matrices.hessian.length)} weights`;
  const map = (matrix: Float64Array, title: string): string =>
    heatMap(matrix, { title, subtitle, parts: every(patch, Math.sqrt(matrix.length)) });
  return tile([
    [
      map(matrices.hessian, 'Hessian'),
      map(matrices.trueFisher, 'true Fisher'),
      map(matrices.empiricalFisher, 'empirical Fisher'),
    ],
  ]);
}

/** step, 2·step, … below the end. */
function every(step: number, end: number): number[] {
  return Array.from({ length: Math.ceil(end / step) - 1 }, (_, i) => (i + 1) * step);
}

/** A cell for every two outputs of the network, layer after layer. */
function wholeMaps(name: string, { hessian, trueFisher, empiricalFisher }: Whole): string {
  const map = (matrix: WholeMatrix, title: string): string =>
    heatMap(meanStrengths(matrix), {
      title,
      subtitle: `${name}, root mean square by two outputs`,
      parts: matrix.layers.map((start) => matrix.outputs.indexOf(start)).slice(1, -1),
    });
  return tile([
    [
      map(hessian, 'Hessian'),
      map(trueFisher, 'true Fisher'),
      map(empiricalFisher, 'empirical Fisher'),
    ],
  ]);
}

function wayChart({ method, points }: Way): Promise<string> {
  const curve = (label: string, of: (point: WayPoint) => number): Curve => ({
    label,
    points: points.map((point) => ({ x: point.t, y: of(point) })),
  });
  return lineChart(
    [
      curve('measured', ({ measured }) => measured),
      curve('own prediction', ({ own }) => own),
      curve('exact Hessian', ({ hessian }) => hessian),
    ],
    {
      title: `Loss on the way that ${method} prunes`,
      x: 't, 0 before pruning and 1 after it',
      y: 'mean loss',
    },
  );
}
