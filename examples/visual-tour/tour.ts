import type { Split } from '../digits/idx.js';
import { type Block, type BlockResemblance, blockResemblance, curvatureBlocks } from './blocks.js';
import { pruningWays, type Way } from './directions.js';
import { exampleGradients } from './gradients.js';
import { type Examples, type Network, score } from './network.js';
import type { Settings } from './settings.js';
import { shrunk } from './subjects.js';
import { trained } from './training.js';
import type { Weights } from './weights.js';
import { type WholeMatrix, wholeFisher, wholeHessian } from './whole.js';

/** A network at one time of its training. */
export interface Stop {
  /** Share of the training that is done. */
  share: number;
  /** Over the images that the curvature is of. */
  loss: number;
  /** Of the test images. */
  accuracy: number;
  /** Share of the trace of the empirical Fisher that 1 % of the images make. */
  hundredth: number;
  resemblances: BlockResemblance[];
}

export interface Tour {
  network: Network;
  stops: Stop[];
  /** At the end of the training. */
  blocks: Block[];
  whole: Whole;
  ways: Way[];
}

/** The curvature of all weights together. */
export interface Whole {
  hessian: WholeMatrix;
  trueFisher: WholeMatrix;
  empiricalFisher: WholeMatrix;
}

/** Trains a network, looks at its curvature on the way, and at what pruning does at the end. */
export async function tourOf(
  network: Network,
  digits: { train: Split; test: Split },
  settings: Settings,
): Promise<Tour> {
  const training = shrunk(digits.train, network.side);
  const test = shrunk(digits.test, network.side);
  const examples = firstOf(training, settings.images);
  const { stops, epochs, seed } = settings;
  const weights = [...trained(network, training, stops, { epochs, seed })];
  const last = weights.length - 1;
  const blocks = await curvatureBlocks(network, weights[last], examples, undefined);
  const chosen = blocks.map(({ index }) => index);
  const looks: Stop[] = [];
  for (const [i, share] of stops.entries()) {
    const seen = i === last ? blocks : await curvatureBlocks(network, weights[i], examples, chosen);
    looks.push({
      share,
      loss: score(network, weights[i], examples).loss,
      accuracy: score(network, weights[i], test).accuracy,
      hundredth: hundredthOf(network, weights[i], examples),
      resemblances: seen.map(blockResemblance),
    });
  }
  return {
    network,
    stops: looks,
    blocks,
    whole: await wholeOf(network, weights[last], firstOf(training, settings.wholeImages)),
    ways: await pruningWays(network, weights[last], examples, settings),
  };
}

async function wholeOf(network: Network, weights: Weights, examples: Examples): Promise<Whole> {
  return {
    hessian: wholeHessian(network, weights, examples),
    trueFisher: await wholeFisher(network, weights, examples, 'true'),
    empiricalFisher: await wholeFisher(network, weights, examples, 'empirical'),
  };
}

/** The share of Σ ‖g‖² that the hundredth of the examples with the largest gradients has. */
export function hundredthOf(network: Network, weights: Weights, examples: Examples): number {
  const squares = new Float64Array(examples.labels.length);
  let done = 0;
  for (const batch of exampleGradients(network, weights, examples)) {
    let count = 0;
    for (const [l, { name }] of network.layers.entries()) {
      const size = weights.kernels[l].length;
      count = batch[name].length / size;
      for (const [i, g] of batch[name].entries()) squares[done + Math.floor(i / size)] += g * g;
    }
    done += count;
  }
  squares.sort().reverse();
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  return sum(squares.subarray(0, Math.ceil(squares.length / 100))) / sum(squares);
}

function firstOf({ images, labels }: Examples, count: number): Examples {
  const pixels = images.length / labels.length;
  return { images: images.subarray(0, count * pixels), labels: labels.subarray(0, count) };
}
