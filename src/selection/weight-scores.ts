import { walk } from '../blocks/layout.js';
import type { Ranking } from './ranking.js';

/**
 * The score that decided about each weight, by parameter, in the model's own layout: its own, or that of
 * its group. 0 for weights that were pruned before, infinite for those that no whole group holds.
 *
 * @param arrayOf An array for so many, of zeros where not all weights are in blocks. Default: a new one.
 */
export async function weightScores(
  { inputs: { parameters }, units, groups }: Pick<Ranking, 'inputs' | 'units' | 'groups'>,
  arrayOf: (size: number) => Float32Array = (size) => new Float32Array(size),
): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for (const [i, { order, size, modelSize, mask }] of parameters.entries()) {
    const out = arrayOf(modelSize);
    const { list, of } = groups?.model.members[i] ?? { list: i, of: (c: number) => c };
    const { scores } = units[list];
    await walk(order, size, (block, model) => {
      const unit = of(block);
      const score = unit === -1 ? Number.POSITIVE_INFINITY : scores[unit];
      out[model] = mask[block] === 0 ? 0 : score;
    });
    all.push(out);
  }
  return all;
}
