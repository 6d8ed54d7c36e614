import { networkParameters } from '../../examples/digits/networks.js';
import { randomNumbers } from '../../examples/digits/random.js';
import {
  exampleFactors,
  scoreNetwork,
  sparseNetwork,
} from '../../examples/digits/sparse-network.js';
import { estimate } from '../../src/index.js';
import { timed } from '../stopwatch.js';
import type { SplitSizes } from './datasets.js';
import type { Cell } from './grid.js';
import { resolvedOptions } from './methods.js';
import type { Subject } from './subjects.js';

/** Examples that are timed. */
const TIMED = 64;
/** Times that they are timed; the least counts, since the first find the code uncompiled. */
const ROUNDS = 6;
/** A line search takes up to 12 losses, in most steps of a network that is sparse by then. */
const LOSSES_A_STEP = 6;

/** What a step takes beside: tasks on their way, statistics. */
const STEP_SECONDS = 0.2;

/** Times of a dense network, in seconds an example. */
interface ExampleSeconds {
  gradient: number;
  score: number;
}

/** Expects the time of runs from a few examples and from the package's own estimate; about 2× right. */
export class TimeEstimate {
  readonly #sizes: SplitSizes;
  readonly #examples = new Map<Subject, ExampleSeconds>();

  constructor(sizes: SplitSizes) {
    this.#sizes = sizes;
  }

  /** Seconds of one run of a cell. */
  async ofRun({ subject, method, sparsity, samples }: Cell): Promise<number> {
    const { heldOut, test } = this.#sizes;
    const { gradient, score } = await this.#exampleSeconds(subject);
    const scoring = score * (heldOut + test);
    if (samples === null) return scoring + STEP_SECONDS;
    const { blockSize, update, selection, steps = 1 } = resolvedOptions(method);
    const { seconds } = await estimate({
      parameters: parameterShapes(subject),
      samples,
      blockSize,
      update,
      selection,
      sparsity,
    });
    const losses = method.needs.includes('loss') ? LOSSES_A_STEP * score * heldOut : 0;
    const step = STEP_SECONDS + (seconds?.total ?? 0) + samples * gradient + losses;
    return scoring + steps * step;
  }

  async #exampleSeconds(subject: Subject): Promise<ExampleSeconds> {
    const known = this.#examples.get(subject);
    if (known !== undefined) return known;
    const random = randomNumbers(1);
    const parameters = await networkParameters(subject.network, (_, length) =>
      Float32Array.from({ length }, () => random() - 0.5),
    );
    const network = sparseNetwork(parameters);
    const [pixels] = subject.network.sizes;
    const images = Float32Array.from({ length: TIMED * pixels }, () => Math.max(0, random() - 0.8));
    const split = { images, labels: new Uint8Array(TIMED) };
    const examples = Uint32Array.from(split.labels, (_, n) => n);
    const found = {
      gradient: await leastSeconds(() => exampleFactors(network, split, examples)),
      score: await leastSeconds(() => scoreNetwork(network, split)),
    };
    this.#examples.set(subject, found);
    return found;
  }
}

/** Seconds an example. */
async function leastSeconds(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) least = Math.min(least, (await timed(work)).seconds);
  return least / TIMED;
}

function parameterShapes({ network: { sizes } }: Subject) {
  return sizes.slice(1).map((outputs, l) => ({
    name: `fc${l + 1}.weight`,
    shape: [outputs, sizes[l]],
    gradients: 'factored' as const,
  }));
}
