import type { BlockShape } from '../../blocks/block-shape.js';
import type { BlockedParameter } from '../../blocks/blocked-parameter.js';
import { weightArrays } from '../../blocks/parameter-arrays.js';
import { WoodFisherError } from '../../errors.js';
import { inPieces } from '../../memory/pieces.js';
import { MAX_BLOCK_SIZE } from '../../options.js';
import type { RunContext } from '../../pool/run-context.js';
import { asLaidOut, FisherState, type SharedBatch } from '../fisher-state.js';
import type { SampleSink } from '../sample-stream.js';
import { PANEL } from '../state-layout.js';

/** Values that rows are put together in before they are summed: 2 MB. */
const ROWS_TOGETHER = 2 ** 19;

/** The sums of one parameter's layer. `inner` and `outer` are as its blocks are laid out: c = o·inner + i. */
export interface LayerSums {
  inner: number;
  outer: number;
  /**
   * gram, one block: S = Σ z zᵀ over all rows z = (inner, outer), so that S holds Σ a aᵀ, Σ d dᵀ and the
   * sum of the gradients Σ d aᵀ.
   */
  state: FisherState;
}

/**
 * What K-FAC keeps while factored gradients stream in: by layer the sums of the products of its inputs
 * and deltas with themselves and each other, over samples and, for convolutions, positions.
 */
export class FactorSums implements SampleSink {
  readonly parameters: readonly BlockedParameter[];
  readonly layers: readonly LayerSums[];
  /** N */
  samples = 0;
  readonly #context: RunContext;
  readonly #rows: Float32Array;

  private constructor(
    context: RunContext,
    parameters: readonly BlockedParameter[],
    layers: readonly LayerSums[],
  ) {
    this.#context = context;
    this.parameters = parameters;
    this.layers = layers;
    this.#rows = context.lease.float32(rowsTogether(parameters));
  }

  /** Allocates the sums and sets them to those of no sample. */
  static async create(
    context: RunContext,
    parameters: readonly BlockedParameter[],
  ): Promise<FactorSums> {
    const layers: LayerSums[] = [];
    for (const parameter of parameters) {
      const joined = joinedParameter(layerShape(parameter), context);
      const state = await FisherState.create(context, 'gram', [joined], {});
      // Rows of positions are many: the rounding errors of their sums are kept from the beginning.
      await state.adopt(0, 0, { lowOrder: true, centred: false });
      layers.push({ ...factorWidths(parameter), state });
    }
    return new FactorSums(context, parameters, layers);
  }

  /** Nothing: the sums have all of their memory from the beginning. */
  growth(): number {
    return 0;
  }

  admit(): void {}

  /** Adds a batch, all of it factors. On failure or cancellation the sums are of no further use. */
  async add({ count, gradients }: SharedBatch): Promise<void> {
    this.samples += count;
    for (const [index, { inner, outer, state }] of this.layers.entries()) {
      const factors = asLaidOut(this.parameters[index], gradients[index]);
      if (!('inputs' in factors)) throw new TypeError('K-FAC takes factors');
      const width = inner + outer;
      const together = Math.floor(this.#rows.length / width);
      for (let first = 0; first * inner < factors.inputs.length; first += together) {
        const rows = Math.min(together, factors.inputs.length / inner - first);
        await inPieces(rows, (from, to) => {
          for (let r = from; r < to; r++) {
            const [n, at] = [first + r, r * width];
            this.#rows.set(factors.inputs.subarray(n * inner, (n + 1) * inner), at);
            this.#rows.set(factors.deltas.subarray(n * outer, (n + 1) * outer), at + inner);
          }
        });
        await state.add({
          count: rows,
          gradients: [{ gradients: this.#rows.subarray(0, rows * width) }],
        });
      }
    }
  }

  async settle(): Promise<void> {}

  /** Gives the memory of the sums back. */
  release(): void {
    const { lease } = this.#context;
    for (const { state } of this.layers) {
      const [{ starts, mask, weights }] = state.parameters;
      for (const array of [starts, mask, weights]) lease.release(array);
      state.release();
    }
    lease.release(this.#rows);
  }
}

/** Values that rows of the layers are put together in. */
export function rowsTogether(parameters: readonly BlockShape[]): number {
  const lengths = parameters.map((parameter) => {
    const { inner, outer } = factorWidths(parameter);
    const panels = Math.max(1, Math.floor(ROWS_TOGETHER / (inner + outer) / PANEL));
    return panels * PANEL * (inner + outer);
  });
  return Math.max(...lengths);
}

/** How the sums of a parameter's layer are laid out: one block of its inputs and outputs together. */
export function layerShape(parameter: BlockShape): BlockShape {
  const { inner, outer } = factorWidths(parameter);
  const size = inner + outer;
  if (size > MAX_BLOCK_SIZE) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `criterion "kfac" sums over the inputs and outputs of a layer together, of which there may be ${MAX_BLOCK_SIZE}, but those of parameter "${parameter.name}" are ${inner} and ${outer}; set prunable: false, or use another criterion`,
      { parameter: parameter.name, value: size },
    );
  }
  return {
    name: parameter.name,
    shape: [size],
    size,
    modelSize: size,
    outputAxis: 0,
    order: { outputs: size, before: 1, after: 1 },
    transposed: false,
    blockCount: 1,
    blockOrder: size,
  };
}

function factorWidths({ order }: BlockShape): { inner: number; outer: number } {
  return { inner: order.before * order.after, outer: order.outputs };
}

function joinedParameter(shape: BlockShape, { lease }: RunContext): BlockedParameter {
  const arrays = lease.arrays(weightArrays(shape));
  arrays.starts.set([0, shape.size]);
  arrays.mask.fill(1);
  return { ...shape, ...arrays, prunedBefore: 0 };
}
