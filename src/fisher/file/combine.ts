import { setImmediate } from 'node:timers/promises';
import type { BlockedParameter } from '../../blocks/blocked-parameter.js';
import { toBlockOrder } from '../../blocks/layout.js';
import { formatError } from '../../formats/errors.js';
import { fillInPieces, inPieces } from '../../memory/pieces.js';
import type { RunContext } from '../../pool/run-context.js';
import type { FisherForm } from '../../solvers/form.js';
import { FisherState, type ParameterState } from '../fisher-state.js';
import { stride } from '../state-layout.js';
import { STATE_PIECE, type StateSource } from './state-source.js';
import { type TensorKind, tensorName } from './tensors.js';

/**
 * One state of the samples of all sources together, which are of the same model. One source is
 * copied as it is; sums add, rows follow one another.
 */
export async function combineStates(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  sources: readonly StateSource[],
  form: FisherForm,
): Promise<FisherState> {
  const [{ description }] = sources;
  const samples = sources.reduce((sum, source) => sum + source.description.samples, 0);
  const panels = sources.reduce((sum, source) => sum + source.description.panels, 0);
  const damping = description.damping ?? undefined;
  const state = await FisherState.create(context, description.solver, parameters, {
    ...{ samples, damping, form },
  });
  const lowOrder = sources.some((source) => source.description.lowOrder);
  // Without its mean a state is taken over only where it stays alone and as it is.
  const centred = sources.length === 1 && description.centred && form.centred;
  await state.adopt(samples, panels, { lowOrder, centred });
  for (const [index, part] of state.parts.entries()) {
    let rowsBefore = 0;
    for (const [position, source] of sources.entries()) {
      context.throwIfUnusable();
      await addVector(source, 'gradient_sum', index, part.parameter, part.gradientSum);
      await addVector(source, 'square_sum', index, part.parameter, part.squareSum);
      if (description.solver === 'dual') {
        await appendRows(context, source, index, part, samples, rowsBefore);
        rowsBefore += source.description.samples;
      } else {
        await addTriangles(context, source, index, part, position === 0);
      }
    }
  }
  if (centred) return state;
  for (const source of sources) {
    if (source.description.centred) await addMean(context, state, source);
  }
  return state;
}

/** Adds what centring has taken out of a source's sums. */
async function addMean(
  context: RunContext,
  state: FisherState,
  source: StateSource,
): Promise<void> {
  const sums = state.parameters.map(({ size }) => context.lease.float64(size));
  try {
    for (const [index, parameter] of state.parameters.entries()) {
      await fillInPieces(sums[index], 0);
      await addVector(source, 'gradient_sum', index, parameter, sums[index]);
    }
    await state.shiftMean(sums, source.description.samples, -1);
  } finally {
    for (const array of sums) context.lease.release(array);
  }
}

async function addVector(
  source: StateSource,
  kind: 'gradient_sum' | 'square_sum',
  index: number,
  { name, order, size }: BlockedParameter,
  sums: Float64Array,
): Promise<void> {
  const given = await source.vector(kind, index);
  const values = new Float64Array(size);
  await toBlockOrder(order, given, values);
  await inPieces(
    size,
    (begin, end) => {
      for (let c = begin; c < end; c++) {
        if (!Number.isFinite(values[c])) throw nonFiniteSum(source, kind, name, values[c]);
        sums[c] += values[c];
      }
    },
    STATE_PIECE,
  );
}

function nonFiniteSum(source: StateSource, kind: TensorKind, parameter: string, value: number) {
  const problem = `the tensor "${tensorName(kind, parameter)}" must be finite, but holds ${value}`;
  return formatError(source.name, problem, { parameter, value });
}

/** S + S′; the first one replaces what is there, since −0 or 1/λ is not to be added to. */
async function addTriangles(
  context: RunContext,
  source: StateSource,
  index: number,
  { parameter, chunks }: ParameterState,
  first: boolean,
): Promise<void> {
  const room = stride(parameter);
  for (const { firstBlock, states, lowOrder } of chunks) {
    for (let at = 0; at < states.length; at += STATE_PIECE) {
      context.throwIfUnusable();
      const count = Math.min(STATE_PIECE, states.length - at);
      const start = firstBlock * room + at;
      const values = await source.elements('triangles', index, start, count);
      const errors = source.description.lowOrder
        ? await source.elements('low_order', index, start, count)
        : undefined;
      const into = states.subarray(at, at + count);
      const low = lowOrder.subarray(at, at + count);
      if (first) into.set(values);
      else addPiece(into, values, low);
      if (errors !== undefined) for (let i = 0; i < count; i++) low[i] += errors[i];
      await setImmediate();
    }
  }
}

/** into += values; where rounding errors are kept, that of each addition too (two-sum, Knuth). */
function addPiece(into: Float64Array, values: Float64Array, low: Float64Array): void {
  if (low.length === 0) {
    for (let i = 0; i < into.length; i++) into[i] += values[i];
    return;
  }
  for (let i = 0; i < into.length; i++) {
    const a = into[i];
    const b = values[i];
    const sum = a + b;
    const part = sum - a;
    into[i] = sum;
    low[i] += a - (sum - part) + (b - part);
  }
}

/** Puts a source's samples behind the `before` ones that are there, block by block. */
async function appendRows(
  context: RunContext,
  source: StateSource,
  index: number,
  { parameter, chunks }: ParameterState,
  samples: number,
  before: number,
): Promise<void> {
  const { starts, blockOrder } = parameter;
  const added = source.description.samples;
  for (const { firstBlock, endBlock, rows } of chunks) {
    for (let block = firstBlock; block < endBlock; block++) {
      context.throwIfUnusable();
      const order = starts[block + 1] - starts[block];
      const to = (block - firstBlock) * samples * blockOrder + before * order;
      for (let at = 0; at < added * order; at += STATE_PIECE) {
        const count = Math.min(STATE_PIECE, added * order - at);
        const from = block * added * blockOrder + at;
        rows.set(await source.elements('rows', index, from, count), to + at);
      }
    }
  }
}
