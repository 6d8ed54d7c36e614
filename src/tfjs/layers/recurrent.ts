import { multiplier, multiplyLast } from '../operations/multiply.js';
import type { Pass } from '../step.js';
import { biasSums } from '../sums/indexed-sums.js';
import { placeProducts } from '../sums/place-products.js';
import type { Tensor } from '../tensorflow.js';
import {
  type Activation,
  type Application,
  byName,
  type Layer,
  type LayerKind,
  type Makers,
  type Modes,
} from './application.js';

type Variable = Layer['weights'][number];

interface Cell {
  getClassName(): string;
  kernel: Variable;
  recurrentKernel: Variable;
  bias?: Variable | null;
  units: number;
  activation: Activation;
  recurrentActivation: Activation;
}

interface RecurrentLayer {
  cell: Cell;
  returnSequences: boolean;
  goBackwards: boolean;
}

interface BidirectionalLayer {
  forwardLayer: RecurrentLayer & Layer;
  backwardLayer: RecurrentLayer & Layer;
  mergeMode: string | null;
  returnSequences: boolean;
  returnState: boolean;
}

/**
 * LSTM, GRU and SimpleRNN. The deltas of the sums z that go into the gates, at every time, are those
 * of x·kernel + bias; the recurrent kernel's gradients are products of them and of what it multiplied.
 */
export const recurrent: LayerKind = (application) => {
  const layer = application.layer as unknown as RecurrentLayer;
  if (application.inputShapes.length > 1) return undefined;
  return [
    {
      name: 'recurrent',
      modes: modesOf(application, layer.cell),
      run: (pass, x) => outputsOf(pass, application, layer, x),
    },
  ];
};

/** Bidirectional around one of them. */
export const bidirectional: LayerKind = (application) => {
  const layer = application.layer as unknown as BidirectionalLayer;
  const { forwardLayer, backwardLayer, mergeMode } = layer;
  const merge = mergeMode === null ? undefined : merges[mergeMode];
  const known = Object.hasOwn(unrolled, forwardLayer.cell?.getClassName() ?? '');
  if (!known || merge === undefined || layer.returnState || application.inputShapes.length > 1) {
    return undefined;
  }
  return [
    {
      name: 'bidirectional',
      modes: {
        ...modesOf(application, forwardLayer.cell),
        ...modesOf(application, backwardLayer.cell),
      },
      run: (pass, x) => {
        const there = outputsOf(pass, application, forwardLayer, x);
        const back = outputsOf(pass, application, backwardLayer, x);
        return merge(pass, there, layer.returnSequences ? pass.tf.reverse(back, 1) : back);
      },
    },
  ];
};

type Merge = (pass: Pass, there: Tensor, back: Tensor) => Tensor;

const merges: Record<string, Merge> = {
  concat: ({ tf }, there, back) => tf.concat([there, back], there.rank - 1),
  sum: ({ tf }, there, back) => tf.add(there, back),
  ave: ({ tf }, there, back) => tf.mul(0.5, tf.add(there, back)),
  mul: ({ tf }, there, back) => tf.mul(there, back),
};

function modesOf(application: Application, { kernel, recurrentKernel, bias }: Cell): Modes {
  return byName(
    application,
    [kernel, recurrentKernel, bias].map((variable) => [variable, 'positions'] as const),
  );
}

/** What the recurrent kernel multiplied at the times of a pass, by the outputs that were made of it. */
interface Multiplied {
  columns: readonly [number, number];
  /** [k, units] at each time. */
  states: Tensor[];
}

function outputsOf(
  pass: Pass,
  application: Application,
  { cell, returnSequences, goBackwards }: RecurrentLayer,
  x: Tensor,
): Tensor {
  const { tf } = pass;
  const times = x.shape[1] as number;
  const { kernel, recurrentKernel, bias } = cell;
  const outputs = kernel.shape[1] as number;
  const sequence = goBackwards ? tf.reverse(x, 1) : x;
  const kept: Tensor[] = [sequence];
  const columns: (readonly [number, number])[] = [];
  const makers: Makers = byName(application, [
    [kernel, (deltas, a) => placeProducts(times, a, deltas, outputs)],
    [
      recurrentKernel,
      (deltas, _, ...states) => {
        const parts = states.map((a, i) => placeProducts(times, a, deltas, outputs, columns[i]));
        if (parts.length === 1) return parts[0];
        return {
          async add(n, sum, pace) {
            for (const part of parts) await part.add(n, sum, pace);
          },
        };
      },
    ],
    [bias, (deltas) => biasSums(times * outputs, outputs, deltas)],
  ]);
  const sums = multiplyLast(tf, sequence, kernel.read(), bias?.read());
  const z = tf.unstack(pass.tap(sums, kept, makers), 1);
  const { states, multiplied } = unrolled[cell.getClassName()](pass, cell, z);
  for (const part of multiplied) {
    kept.push(tf.stack(part.states, 1));
    columns.push(part.columns);
  }
  return returnSequences ? tf.stack(states, 1) : states[times - 1];
}

/** The states h [k, units] of all times, from the sums of the inputs [k, gates · units]. */
type Unroll = (
  pass: Pass,
  cell: Cell,
  z: readonly Tensor[],
) => { states: Tensor[]; multiplied: Multiplied[] };

const unrolled: Record<string, Unroll> = {
  SimpleRNNCell({ tf }, { recurrentKernel, activation, units }, z) {
    const times = multiplier(tf, recurrentKernel.read());
    const before: Tensor[] = [];
    const states: Tensor[] = [];
    let h = tf.zeros([z[0].shape[0], units]) as Tensor;
    for (const input of z) {
      before.push(h);
      h = activation.apply(tf.add(input, times(h)));
      states.push(h);
    }
    return { states, multiplied: [{ columns: [0, units], states: before }] };
  },

  LSTMCell({ tf }, { recurrentKernel, activation, recurrentActivation, units }, z) {
    const times = multiplier(tf, recurrentKernel.read());
    const before: Tensor[] = [];
    const states: Tensor[] = [];
    let h = tf.zeros([z[0].shape[0], units]) as Tensor;
    let c = h;
    for (const input of z) {
      before.push(h);
      const [i, f, g, o] = tf.split(tf.add(input, times(h)), 4, 1);
      const carried = tf.mul(recurrentActivation.apply(f), c);
      c = tf.add(carried, tf.mul(recurrentActivation.apply(i), activation.apply(g)));
      h = tf.mul(recurrentActivation.apply(o), activation.apply(c));
      states.push(h);
    }
    return { states, multiplied: [{ columns: [0, 4 * units], states: before }] };
  },

  GRUCell({ tf }, { recurrentKernel, activation, recurrentActivation, units }, z) {
    const [gates, candidate] = tf.split(recurrentKernel.read(), [2 * units, units], 1);
    const [gateTimes, candidateTimes] = [multiplier(tf, gates), multiplier(tf, candidate)];
    const before: Tensor[] = [];
    const reset: Tensor[] = [];
    const states: Tensor[] = [];
    let h = tf.zeros([z[0].shape[0], units]) as Tensor;
    for (const input of z) {
      before.push(h);
      const [inputGates, inputCandidate] = tf.split(input, [2 * units, units], 1);
      const both = recurrentActivation.apply(tf.add(inputGates, gateTimes(h)));
      const [update, r] = tf.split(both, 2, 1);
      reset.push(tf.mul(r, h));
      const next = activation.apply(
        tf.add(inputCandidate, candidateTimes(reset[reset.length - 1])),
      );
      h = tf.add(tf.mul(update, h), tf.mul(tf.sub(1, update), next));
      states.push(h);
    }
    return {
      states,
      multiplied: [
        { columns: [0, 2 * units], states: before },
        { columns: [2 * units, 3 * units], states: reset },
      ],
    };
  },
};
