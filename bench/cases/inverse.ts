import { inverseBytes, inverseFlops } from '../flops.js';
import { fisherCase } from './fisher-case.js';
import { gramWorkload } from './gram.js';

export const inverse50 = fisherCase({
  name: 'inverse-50',
  what: 'Cholesky and inverse diagonal',
  workload: gramWorkload(50),
  quick: { weights: 5000, samples: 256, batch: 32 },
  about: 'invert',
  flops: inverseFlops,
  bytes: inverseBytes,
});
