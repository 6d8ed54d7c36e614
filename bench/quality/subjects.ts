import { lenet300100, mlpnet, type Network } from '../../examples/digits/networks.js';
import type { DatasetName } from './datasets.js';

/** A network that is trained on a dataset, and pruned. */
export interface Subject {
  /** `dataset/network` */
  name: string;
  dataset: DatasetName;
  network: Network;
  /** Passes over the training examples. */
  epochs: number;
}

/** Everything that is pruned. */
export const SUBJECTS: readonly Subject[] = [
  subject('mnist', lenet300100, 12),
  subject('mnist', mlpnet, 15),
  subject('fashion-mnist', lenet300100, 9),
];

function subject(dataset: DatasetName, network: Network, epochs: number): Subject {
  return { name: `${dataset}/${network.name}`, dataset, network, epochs };
}
