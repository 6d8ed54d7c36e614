import { WoodFisherError } from '../../errors.js';
import { requireSameModel } from './same-model.js';
import type { StateSource } from './state-source.js';
import { longestBlock } from './tensors.js';

/**
 * Refuses states that cannot be put together.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_STATE`, with the reason.
 */
export async function requireMergeable(sources: readonly StateSource[]): Promise<void> {
  if (sources.length === 0) throw stateError('there is no Fisher to merge; give at least one');
  if (sources.length === 1) return;
  const [first, ...rest] = sources;
  const woodbury = sources.find(({ description }) => description.solver === 'woodbury');
  if (woodbury !== undefined) {
    throw stateError(
      `${woodbury.name} cannot be merged: solver "woodbury" keeps the inverse, in which the samples can no longer be told apart; use solver "gram"`,
    );
  }
  for (const source of rest) await requireSameModel(first, source);
  if (first.description.solver === 'dual') await requireFewSamples(sources);
}

/** dual is accurate only with fewer samples than the longest block has weights. */
async function requireFewSamples(sources: readonly StateSource[]): Promise<void> {
  const [first] = sources;
  const samples = sources.reduce((sum, { description }) => sum + description.samples, 0);
  let longest = 0;
  for (const index of first.description.parameters.keys()) {
    longest = Math.max(longest, longestBlock(await first.starts(index)));
  }
  if (samples < longest) return;
  throw stateError(
    `these states have ${samples} samples together, and solver "dual" is accurate only with fewer than a block has weights (${longest}); estimate them with solver "gram"`,
  );
}

function stateError(message: string): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_STATE', message);
}
