import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import { WoodFisherError } from '../errors.js';
import { inPieces } from '../memory/pieces.js';
import type { Damping, RelativeDamping } from '../options.js';
import type { FisherState } from './fisher-state.js';
import { type Lambda, lambdaOf } from './lambda.js';

/** Trace of F − λI of a parameter. Weights that were pruned before add nothing. */
export async function traceOf(state: FisherState, index: number): Promise<number> {
  return (await addToTrace(state, index, 0)) / state.divisor;
}

/** `before` and the trace of a further part of a parameter, both times the divisor of the state. */
export async function addToTrace(
  state: FisherState,
  index: number,
  before: number,
): Promise<number> {
  const { diagonalSum } = state.parts[index];
  let total = before;
  await inPieces(diagonalSum.length, (begin, end) => {
    for (let c = begin; c < end; c++) total += diagonalSum[c];
  });
  return total;
}

/**
 * The λ that a damping means for a state all of whose samples are in.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` for a relative damping of gradients that are all 0.
 */
export async function resolveDamping(state: FisherState, damping: Damping): Promise<Lambda> {
  if (typeof damping === 'number') return damping;
  const { parameters } = state;
  const traces: number[] = [];
  for (const index of parameters.keys()) traces.push(await traceOf(state, index));
  return dampingOfTraces(parameters, traces, damping);
}

/** The λ that a damping relative to the traces of some parameters means. */
export function dampingOfTraces(
  parameters: readonly Pick<BlockedParameter, 'name' | 'modelSize' | 'prunedBefore'>[],
  traces: readonly number[],
  damping: RelativeDamping,
): Lambda {
  const there = parameters.map(({ modelSize, prunedBefore }) => modelSize - prunedBefore);
  const model = damping.relative * (sum(traces) / sum(there));
  if (damping.over === 'model') {
    if (!(model > 0)) throw nothingToRelateTo('any parameter');
    return model;
  }
  return parameters.map(({ name }, index) => {
    // Of a parameter without weights nothing is ever asked; its F has to be a matrix all the same.
    const lambda =
      there[index] === 0 ? model || 1 : damping.relative * (traces[index] / there[index]);
    if (!(lambda > 0)) throw nothingToRelateTo(`parameter "${name}"`, name);
    return lambda;
  });
}

/** λ by the name of the parameter. */
export function byName({ parameters }: FisherState, lambda: Lambda): Record<string, number> {
  return Object.fromEntries(parameters.map(({ name }, i) => [name, lambdaOf(lambda, i)]));
}

function nothingToRelateTo(what: string, parameter?: string): WoodFisherError {
  const or = parameter === undefined ? '' : ", take it over 'model',";
  return new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `damping cannot be relative: the gradients of ${what} are all 0 in every sample; give an absolute damping${or} or leave the parameter out`,
    { option: 'damping', parameter },
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
