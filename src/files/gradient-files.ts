import { optionError, WoodFisherError } from '../errors.js';
import { DTYPE_BYTES } from '../formats/dtypes.js';
import { expandGlob } from './glob.js';
import { type GradientSet, openNpyGradients, openSafetensorsGradients } from './gradient-set.js';
import { matchGradients } from './match-gradients.js';
import type { TensorInfo, TensorReader } from './tensor-reader.js';
import type { TensorPlace } from './tensor-reads.js';

/** Gradient samples out of files, one set after the other. */
export class GradientFiles implements AsyncDisposable {
  /** In the order of their samples. */
  readonly sets: readonly GradientSet[];

  /** Use {@link openGradients}. */
  constructor(sets: readonly GradientSet[]) {
    this.sets = sets;
  }

  /**
   * Samples of each set; refuses sets that do not go with the model, see {@link matchGradients}.
   *
   * @param exclude Gradients of these names need no tensor in the model.
   */
  match(
    model: TensorReader,
    prunable: readonly TensorInfo[],
    exclude: readonly RegExp[],
  ): MatchedGradients {
    const counts = this.sets.map((set) => matchGradients(model, prunable, set, exclude));
    return new MatchedGradients(this.sets, counts);
  }

  /** For messages: the first file. */
  get path(): string {
    return this.sets[0].path;
  }

  /** Whether all sets have gradients of a tensor. */
  has(name: string): boolean {
    return this.sets.every(({ tensors }) => tensors.has(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.sets.map((set) => set.close()));
  }
}

/** Gradient files that go with a model. */
export class MatchedGradients {
  readonly #sets: readonly GradientSet[];
  readonly #counts: readonly number[];
  /** N */
  readonly samples: number;

  constructor(sets: readonly GradientSet[], counts: readonly number[]) {
    this.#sets = sets;
    this.#counts = counts;
    this.samples = counts.reduce((a, b) => a + b, 0);
  }

  /** Where samples [first, first + count) of a tensor are: runs of samples in one file each. */
  *runs(
    name: string,
    first: number,
    count: number,
  ): Generator<{ place: TensorPlace; first: number; count: number }> {
    let before = 0;
    for (const [i, samples] of this.#counts.entries()) {
      const from = Math.max(first, before);
      const to = Math.min(first + count, before + samples);
      const place = this.#sets[i].places.get(name);
      if (to > from && place !== undefined) {
        yield { place, first: from - before, count: to - from };
      }
      before += samples;
    }
  }

  /** All files, each once. */
  get paths(): string[] {
    const all = this.#sets.flatMap(({ places }) => [...places.values()].map(({ path }) => path));
    return [...new Set(all)];
  }

  /** Bytes of a sample of a tensor of `size` elements, the average over the files. */
  bytes(name: string, size: number): number {
    const total = this.#sets.reduce((sum, { places }, i) => {
      const { dtype = 'F32' } = places.get(name) ?? {};
      return sum + this.#counts[i] * size * DTYPE_BYTES[dtype];
    }, 0);
    return total / this.samples;
  }
}

/**
 * Opens gradient files and checks their headers.
 *
 * @param paths Safetensors files, indexes, folders with one, `.npy` files; with `*` and `?` all that match,
 *   sorted by name.
 * @param names Of the parameters whose gradients stand side by side in `.npy` files; needed for these.
 */
export async function openGradients(
  paths: readonly string[],
  model: Pick<TensorReader, 'path' | 'tensors'>,
  names?: readonly string[],
): Promise<GradientFiles> {
  const files = (await Promise.all(paths.map(expandGlob))).flat();
  const sets: GradientSet[] = [];
  try {
    for (const path of files) {
      if (!path.endsWith('.npy')) {
        sets.push(await openSafetensorsGradients(path));
        continue;
      }
      if (names === undefined) {
        throw optionError(
          'gradientNames',
          `a JSON file with the names of the parameters in ${path}, in the order of its columns`,
          names,
        );
      }
      sets.push(await openNpyGradients(path, model, names));
    }
    return new GradientFiles(sets);
  } catch (error) {
    await Promise.all(sets.map((set) => set.close()));
    throw error;
  }
}

/** Refuses gradients of another number of samples than was asked for. */
export function requireSamples(found: number, wanted: number | undefined): void {
  if (wanted === undefined || found === wanted) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_SAMPLES',
    `samples must be those of the gradients, ${found}, but is ${wanted}`,
    { option: 'samples', value: wanted },
  );
}
