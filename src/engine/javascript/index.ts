import type { AccumulateJob, Kernels, Status } from '../kernels.js';
import { centre } from './centre.js';
import { chooseSmallest } from './choose-smallest.js';
import { chooseSubsets } from './choose-subsets.js';
import { accumulateDual } from './dual.js';
import { findNonFinite } from './finite.js';
import { accumulateGram } from './gram.js';
import { greedy } from './greedy.js';
import { groupSaliency } from './group-saliency.js';
import { initialise } from './initialise.js';
import { invert } from './invert.js';
import { invertWhole } from './invert-whole.js';
import { kronecker } from './kronecker.js';
import { multiply } from './multiply.js';
import { score } from './score.js';
import { countKeys, countTies, cut } from './select.js';
import { sumScores } from './sum-scores.js';
import { update } from './update.js';
import { accumulateWoodbury } from './woodbury.js';

function accumulate(job: AccumulateJob): Status {
  if (job.solver === 'dual') return accumulateDual(job);
  return job.solver === 'gram' ? accumulateGram(job) : accumulateWoodbury(job);
}

/** The JavaScript engine: the readable reference, and what runs where no binary is. */
export const javascriptKernels: Kernels = {
  initialise,
  accumulate,
  centre,
  invert,
  invertWhole,
  kronecker,
  multiply,
  update,
  groupSaliency,
  chooseSubsets,
  chooseSmallest,
  greedy,
  score,
  countKeys,
  countTies,
  cut,
  sumScores,
  findNonFinite,
};
