import type { LayersModel, Tensor2D } from '@tensorflow/tfjs';
import { PIXELS, type Split } from './idx.js';
import type { TensorFlow } from './tf-model.js';

/** Images whose predictions are made at once. */
const AT_ONCE = 2000;

/** Images as tensors, for as many evaluations as are wanted. */
export class TestSet {
  readonly #tf: TensorFlow;
  readonly #labels: Uint8Array;
  readonly #parts: Tensor2D[] = [];

  constructor(tf: TensorFlow, { images, labels }: Split) {
    this.#tf = tf;
    this.#labels = labels;
    for (let start = 0; start < labels.length; start += AT_ONCE) {
      const end = Math.min(start + AT_ONCE, labels.length);
      const pixels = images.slice(start * PIXELS, end * PIXELS);
      this.#parts.push(tf.tensor2d(pixels, [end - start, PIXELS]));
    }
  }

  /** Share of the images that a model gets right. */
  async accuracy(model: LayersModel): Promise<number> {
    let correct = 0;
    for (const [part, pixels] of this.#parts.entries()) {
      const classes = this.#tf.tidy(() => {
        const predictions = model.predict(pixels);
        if (Array.isArray(predictions)) throw new TypeError('the model has more than one output');
        return this.#tf.argMax(predictions, 1);
      });
      const found = await classes.data();
      classes.dispose();
      found.forEach((label, n) => {
        if (label === this.#labels[part * AT_ONCE + n]) correct++;
      });
    }
    return correct / this.#labels.length;
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }
}
