import type { BlockShape } from '../blocks/block-shape.js';
import type { ParsedPattern } from '../blocks/pattern.js';
import { WEIGHTS_A_WAVE } from './group-scores.js';

/** Score, mask, new mask, and the weights and FLOPs of a group. */
const BYTES_A_GROUP = 8 + 1 + 1 + 16;

/** A member, its part and the saliency and offset of that, where no two members share a part. */
const BYTES_A_LISTED_WEIGHT = 4 + 4 + 4 + 8;

/** The set of each weight. */
const BYTES_A_SET_MEMBER = 4;

/** Bytes on shared memory, at most, that ranking groups takes beside the scores of weights. */
export function groupBytes(shapes: readonly BlockShape[], pattern?: ParsedPattern): number {
  if (pattern === undefined || pattern.kind === 'unstructured') return 0;
  const weights = shapes.reduce((sum, { size }) => sum + size, 0);
  const longest = Math.max(...shapes.map(({ blockOrder }) => blockOrder));
  const wave = BYTES_A_LISTED_WEIGHT * Math.min(weights, Math.max(WEIGHTS_A_WAVE, longest));
  const masks = weights; // those of groups beside those of weights
  if (pattern.kind === 'sets') {
    return wave + masks + BYTES_A_SET_MEMBER * weights + BYTES_A_GROUP * pattern.sets.length;
  }
  const groups = shapes.reduce((sum, shape) => sum + (shape.groups?.count ?? 0), 0);
  return wave + masks + BYTES_A_GROUP * groups;
}
