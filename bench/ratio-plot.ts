import { type Bar, barChart } from '../plots/bars.js';
import type { BenchResult } from './result.js';

/** Bars of the ratios on a logarithmic axis, a group a case, as SVG text. */
export async function ratioPlot({ cases, machine }: BenchResult): Promise<string> {
  const bars = cases.flatMap(({ name, ratios }) =>
    Object.entries(ratios).map(
      ([rival, ratio]): Bar => ({ group: name, label: rival, value: ratio }),
    ),
  );
  return await barChart(bars, {
    title: 'Time of each rival, as a multiple of woodfisher’s',
    subtitle: `${machine.processor}, ${machine.threads} threads`,
    axis: 'ratio of times (logarithmic)',
    format: '.3~r',
    logarithmic: true,
  });
}
