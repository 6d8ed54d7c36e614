import type { FisherFigures } from './fisher-figures.js';
import type { ParameterStatistics } from './statistics.js';

/** cond₂(F) up to which D is known to 1e-6 (docs/methods.md, accuracy). */
const WELL_CONDITIONED = 1e-8 * 2 ** 53;

/** Names that a sentence lists. */
const NAMED = 3;

/** What the figures of a run say about its settings. */
export function adviceOn({
  parameters,
  fisher,
  blockSize,
}: {
  parameters: readonly ParameterStatistics[];
  fisher: FisherFigures;
  blockSize: number;
}): string[] {
  return [
    ...onDominatingDamping(parameters, blockSize),
    ...onVanishingDamping(parameters),
    ...onFewSamples(fisher.samples, fisher.longest),
    ...onOtherWeights(fisher),
  ];
}

/**
 * λ beyond the mean diagonal: most weights have no curvature beside it. Beyond the trace of a whole
 * block no direction has, since the trace is at least the largest eigenvalue.
 */
function onDominatingDamping(
  parameters: readonly ParameterStatistics[],
  blockSize: number,
): string[] {
  const ratioOf = ({ damping, meanDiagonal }: ParameterStatistics): number =>
    damping === null || meanDiagonal === null ? 0 : damping / meanDiagonal;
  const found = parameters.filter((parameter) => ratioOf(parameter) > 1);
  if (found.length === 0) return [];
  const most = found.reduce((a, b) => (ratioOf(a) >= ratioOf(b) ? a : b));
  const wholly = ratioOf(most) > Math.min(blockSize, most.size);
  return [
    `damping dominates in ${list(found, parameters)}: in "${most.name}" λ is ${figure(most.damping)} and the mean diagonal of the Fisher ${figure(most.meanDiagonal)}, so that ${wholly ? 'its weights are ranked by magnitude' : 'most of its weights are ranked nearly by magnitude'}; a smaller damping, or a relative one, makes use of the gradients`,
  ];
}

/** λ so small that float64 no longer knows the inverse to 1e-6. */
function onVanishingDamping(parameters: readonly ParameterStatistics[]): string[] {
  const found = parameters.filter(({ condition }) => (condition ?? 0) > WELL_CONDITIONED);
  if (found.length === 0) return [];
  const most = found.reduce((a, b) => ((a.condition ?? 0) >= (b.condition ?? 0) ? a : b));
  const condition = most.condition ?? 0;
  const enough = ((most.damping ?? 0) * condition) / WELL_CONDITIONED;
  return [
    `damping vanishes in ${list(found, parameters)}: in "${most.name}" λ is ${figure(most.damping)} and the condition of F up to ${figure(condition)}, so that saliencies are only known to about ${figure(100 * condition * 2 ** -53)} of their value; a damping of ${figure(enough)} would make it 1e-6`,
  ];
}

function onFewSamples(samples: number, longest: number): string[] {
  if (samples >= longest) return [];
  const rank = samples === 1 ? '1 direction' : `${samples} directions`;
  return [
    `samples are few: N = ${samples} for blocks of ${longest} weights; a block's Fisher knows ${rank} at most and is damping in all others; more samples, or a smaller blockSize, say more about single weights`,
  ];
}

function onOtherWeights({ otherWeights = false }: FisherFigures): string[] {
  if (!otherWeights) return [];
  return [
    'weights differ from those that the saved Fisher was estimated at; its gradients are of another point, and the predicted losses too',
  ];
}

function list(some: readonly ParameterStatistics[], all: readonly ParameterStatistics[]): string {
  if (some.length === all.length && all.length > 1) return `all ${all.length} parameters`;
  const names = some.slice(0, NAMED).map(({ name }) => `"${name}"`);
  const more = some.length > NAMED ? ` and ${some.length - NAMED} more` : '';
  return `${names.join(', ')}${more} of ${all.length} parameter${all.length === 1 ? '' : 's'}`;
}

function figure(value: number | null): string {
  return value === null ? 'unknown' : Number(value.toPrecision(2)).toString();
}
