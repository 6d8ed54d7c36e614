import type { BlockedParameter } from '../../blocks/blocked-parameter.js';
import { toModelLayout } from '../../blocks/layout.js';
import type { ParsedPattern } from '../../blocks/pattern.js';
import type { StateChunk } from '../../blocks/spans.js';
import type { BlockLayout } from '../../options.js';
import type { FisherState, ParameterState } from '../fisher-state.js';
import { bytesOfBlock, stride } from '../state-layout.js';
import { describedPattern, type StateDescription } from './description.js';
import type { BlockArrays, StateSource, WeightVectors } from './state-source.js';

/** The state of a Fisher in memory, all of whose samples are in. */
export class LiveSource implements StateSource {
  readonly name = 'the Fisher in memory';
  readonly description: StateDescription;
  readonly #state: FisherState;
  readonly #check: () => void;

  /** `others`: names of the parameters that are not pruned. `check` throws when the state has changed. */
  constructor(
    state: FisherState,
    {
      blockSize,
      blocks,
      pattern,
      others,
    }: {
      blockSize: number;
      blocks: BlockLayout;
      pattern: ParsedPattern;
      others: readonly string[];
    },
    check: () => void = () => undefined,
  ) {
    this.#state = state;
    this.#check = check;
    const { solver, samples, panels, damping = null, keepsLowOrder: lowOrder } = state;
    const { examplesPerSample, fisherScale } = state.form;
    const parameters = state.parameters.map(({ name, outputAxis }) => ({ name, outputAxis }));
    this.description = {
      ...{ solver, samples, panels, damping, blockSize, blocks, lowOrder },
      ...{ examplesPerSample, fisherScale, centred: state.isCentred },
      ...{ parameters, others, ...describedPattern(pattern) },
    };
  }

  shape(index: number): readonly number[] {
    return this.#state.parameters[index].shape;
  }

  async vector<K extends keyof WeightVectors>(kind: K, index: number): Promise<WeightVectors[K]> {
    this.#check();
    const { order, modelSize } = this.#state.parameters[index];
    const values = VECTORS[kind](this.#state.parts[index]);
    const out = new (values.constructor as new (length: number) => WeightVectors[K])(modelSize);
    await toModelLayout(order, values, out);
    return out;
  }

  async starts(index: number): Promise<Uint32Array> {
    return this.#state.parameters[index].starts.slice();
  }

  async elements<K extends keyof BlockArrays>(
    kind: K,
    index: number,
    start: number,
    count: number,
  ): Promise<BlockArrays[K]> {
    this.#check();
    const { parameter, chunks } = this.#state.parts[index];
    const room = this.#roomOfBlock(parameter);
    const out = (kind === 'rows' ? new Float32Array(count) : new Float64Array(count)) as never;
    for (const chunk of chunks) {
      const begin = chunk.firstBlock * room;
      copyOverlap(ARRAYS[kind](chunk), begin, out, start);
    }
    this.#clearUnused(parameter, out, start);
    return out;
  }

  #roomOfBlock(parameter: BlockedParameter): number {
    const { solver, samples } = this.#state;
    return solver === 'dual' ? samples * parameter.blockOrder : stride(parameter);
  }

  /** Zeroes what the shorter blocks leave of their room. */
  #clearUnused(
    parameter: BlockedParameter,
    piece: Float64Array | Float32Array,
    start: number,
  ): void {
    const { solver, samples } = this.#state;
    const { starts, blockOrder, blockCount } = parameter;
    const room = this.#roomOfBlock(parameter);
    const end = start + piece.length;
    const last = Math.min(blockCount, Math.ceil(end / room));
    for (let block = Math.floor(start / room); block < last; block++) {
      const order = starts[block + 1] - starts[block];
      if (order === blockOrder) continue;
      const used = bytesOfBlock(solver, order, samples) / (solver === 'dual' ? 4 : 8);
      const from = Math.max(block * room + used - start, 0);
      piece.fill(0, from, Math.max(from, (block + 1) * room - start));
    }
  }
}

const VECTORS: { [K in keyof WeightVectors]: (part: ParameterState) => WeightVectors[K] } = {
  weight: ({ parameter }) => parameter.weights,
  mask: ({ parameter }) => parameter.mask,
  gradient_sum: ({ gradientSum }) => gradientSum,
  square_sum: ({ squareSum }) => squareSum,
};

const ARRAYS: { [K in keyof BlockArrays]: (chunk: StateChunk) => BlockArrays[K] } = {
  triangles: ({ states }) => states,
  low_order: ({ lowOrder }) => lowOrder,
  rows: ({ rows }) => rows,
};

/** Copies what of `from` (at `fromBegin` of the whole) belongs into `to` (at `toBegin`). */
function copyOverlap<T extends Float32Array | Float64Array>(
  from: T,
  fromBegin: number,
  to: T,
  toBegin: number,
): void {
  const begin = Math.max(fromBegin, toBegin);
  const end = Math.min(fromBegin + from.length, toBegin + to.length);
  if (begin >= end) return;
  to.set(from.subarray(begin - fromBegin, end - fromBegin), begin - toBegin);
}
