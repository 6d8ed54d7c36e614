import type { LayersModel } from '../../src/tfjs/index.js';
import type { TensorFlow } from '../digits/tf-model.js';
import { convolutionalSubject } from './lenet-5.js';
import { denseSubject } from './lenet-300-100.js';
import type { Settings } from './settings.js';
import type { BatchGradients } from './training.js';

/** A network that is pruned while it is trained on. */
export interface Subject {
  name: string;
  /** Shape of one image. */
  inputShape: readonly number[];
  /** The trained network before pruning; the caller disposes it. */
  dense(tf: TensorFlow, settings: Settings & { seed: number }): Promise<LayersModel>;
  gradients: BatchGradients;
}

export const SUBJECTS: readonly Subject[] = [denseSubject, convolutionalSubject];
