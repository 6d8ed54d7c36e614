/**
 * What an engine is: synchronous functions over a range of blocks of one parameter, run inside a
 * pool worker. The JavaScript engine is the readable reference and the oracle of the tests; the
 * native addon exports functions of the same names, arguments and results.
 *
 * Conventions, the same for every function:
 * - All large arrays are views on shared memory; nothing is allocated that outlives the call.
 * - A parameter's weights are numbered in block order (fisher/layout.ts); `starts` holds the first
 *   index of each block and, last, how many there are; blocks [from, to) are worked on.
 * - `states` is one chunk of the Fisher state: it begins with block `firstBlock`, and each block has
 *   `stride` float64 in it, of which a block of b weights uses the first b(b+1)/2: the lower
 *   triangle, row after row (entry (i, j), j ≤ i, at i(i+1)/2 + j).
 * - Arithmetic inside a block is float64. A mask is Uint8, 1 = kept, 0 = pruned.
 * - `control` is an Int32Array: [0] is set to 1 by the main thread to cancel (polled at least
 *   every 10 ms of work), [1] is advanced by the engine by one for each finished block.
 * - The result is a status; a function never throws for what is in the data.
 */
export interface Kernels {
  initialise(job: InitialiseJob): Status;
  accumulate(job: AccumulateJob): Status;
  centre(job: CentreJob): Status;
  invert(job: InvertJob): Status;
  invertWhole(job: InvertWholeJob): Status;
  kronecker(job: KroneckerJob): Status;
  multiply(job: MultiplyJob): Status;
  update(job: UpdateJob): Status;
  groupSaliency(job: GroupSaliencyJob): Status;
  chooseSubsets(job: ChooseSubsetsJob): Status;
  chooseSmallest(job: ChooseSmallestJob): Status;
  greedy(job: GreedyJob): Status;
  score(job: ScoreJob): Status;
  countKeys(job: CountKeysJob): Status;
  countTies(job: CountTiesJob): Status;
  cut(job: CutJob): Status;
  sumScores(job: SumScoresJob): Status;
  findNonFinite(job: FindNonFiniteJob): Status;
}

/** How a call ended. */
export interface Status {
  /** `not-positive-definite` names `block` and `pivot`; `out-of-memory` names `bytes` in `value`. */
  outcome: 'done' | 'cancelled' | 'not-positive-definite' | 'out-of-memory';
  block?: number;
  /** Row of the block at which the factorisation failed; for dual a sample, or the weight whose D is lost. */
  pivot?: number;
  /** What the function counted or found, where its contract says so. */
  value?: number;
}

/** Slots of `control`. */
export const CANCEL = 0;
export const BLOCKS_DONE = 1;

/** What is kept per block. gram: S = Σ g gᵀ; woodbury: P = F⁻¹; dual: the samples themselves. */
export type SolverName = 'gram' | 'woodbury' | 'dual';

/** Blocks [from, to) of one parameter. */
export interface BlockRange {
  starts: Uint32Array;
  from: number;
  to: number;
  control: Int32Array;
}

/** The Fisher state of those blocks. */
export interface StateRange extends BlockRange {
  solver: SolverName;
  states: Float64Array;
  firstBlock: number;
  stride: number;
  /**
   * What the sums are divided by: F = λI + S/samples and ḡ = gradientSum/samples. The number of samples
   * N; for gram and woodbury it may be N over a factor, and need not be whole then.
   */
  samples: number;
  /** λ > 0. */
  damping: number;
  /**
   * dual alone, in place of `states`: the samples of each block, [samples, order] row-major in block
   * order; a block begins samples · blockOrder places after the one before it.
   */
  rows?: Float32Array;
  /** dual alone: weights of the parameter's longest block. */
  blockOrder?: number;
}

/**
 * Where weight c in block order stands in the model's layout. The model's tensor is seen as
 * [before, outputs, after]; block order is [outputs, before, after]. before = 1: the two agree.
 */
export interface AxisOrder {
  outputs: number;
  before: number;
  after: number;
  /**
   * Where blocks are cut from the weights that are still there alone: weight c is the one at places[c]
   * of the block order of all weights. Ascending. Absent: all weights are in blocks.
   */
  places?: Uint32Array;
}

/** gram: zeroes the state. woodbury: P = I/λ. dual: nothing. */
export type InitialiseJob = StateRange;

/**
 * Adds `count` gradient samples to the state.
 * gram: S += Σ g gᵀ. dual: copies them behind the `stored` ones. woodbury: the Woodbury step with N = `samples`, at most 16 samples at a time.
 * Coordinates with mask 0 count as zero. Also gradientSum += Σ g, and squareSum becomes Σ g² of
 * all samples so far (by weight, in block order).
 *
 * gram sums at most 128 samples before adding them to the state. `lowOrder`, where it is not empty,
 * has the layout of `states` and holds the rounding error of those additions (two-sum), which keeps
 * the error independent of how many there are. gram may be asked for rows [rowFrom, rowTo) of a
 * single large block only; the sums of gradientSum and squareSum are then made for these rows.
 */
export interface AccumulateJob extends StateRange {
  /** [count, size], row-major, model layout; size = outputs · before · after of `order`. */
  gradients?: Float32Array;
  /**
   * In place of `gradients`, their factors: the gradient of sample n is deltas[n, o] · inputs[n, i],
   * o over the outputs and i over before · after. [count, before · after] and [count, outputs].
   */
  inputs?: Float32Array;
  deltas?: Float32Array;
  count: number;
  order: AxisOrder;
  mask: Uint8Array;
  gradientSum: Float64Array;
  squareSum: Float64Array;
  lowOrder: Float64Array;
  rowFrom: number;
  /** rowFrom = rowTo = 0: all rows. */
  rowTo: number;
  /** dual alone: samples that were added before. */
  stored?: number;
}

/**
 * gram alone: S −= s sᵀ/N, s = gradientSum and N = `count`, which leaves Σ (g − ḡ)(g − ḡ)ᵀ; with
 * `sign` −1 it is added back.
 */
export interface CentreJob extends StateRange {
  gradientSum: Float64Array;
  count: number;
  sign: 1 | -1;
}

/**
 * diagonal[c] = (F⁻¹)_cc for the weights of the blocks, and condition[block] = tr(F) · min(1/λ, tr(F⁻¹)),
 * an upper bound of cond₂(F) that is at most B² times too large. F = λI + S/N.
 */
export interface InvertJob extends StateRange {
  squareSum: Float64Array;
  diagonal: Float64Array;
  condition: Float64Array;
  /**
   * Where it is given: residual[block] = ‖F(F⁻¹v) − v‖/‖v‖ for v = probe (engine/javascript/residual.ts), by
   * the factorisation that D was made of. woodbury keeps no F: NaN.
   */
  residual?: Float64Array;
}

/** gram alone: inverses, in the layout of `states`, holds F⁻¹ of each block whole. About order³ flops. */
export interface InvertWholeJob extends StateRange {
  inverses: Float64Array;
}

/**
 * woodbury alone: P of the blocks out of the inverses X (inner × inner) and Y of two Kronecker factors,
 * packed lower triangles: P(c, c') = Y(o, o')·X(i, i') for the weights c = o·inner + i and c' of a block.
 * Weights with mask 0 are held at 0: P ← P − P e_q e_qᵀ P / P_qq for each, whose own row is then that of I/λ.
 */
export interface KroneckerJob extends StateRange {
  inner: number;
  innerInverse: Float64Array;
  outerInverse: Float64Array;
  mask: Uint8Array;
}

/** output = F⁻¹ · input, block by block. Both in block order. */
export interface MultiplyJob extends StateRange {
  input: Float64Array;
  output: Float64Array;
}

/** The term of first order in what a kernel does: α·h, h = F⁻¹ḡ. */
export interface FirstOrder {
  /** α from 0 to 1. Default 0: the gradient is left out. */
  step?: number;
  /** h by weight, in block order; read where α > 0. */
  inverseGradient?: Float64Array;
}

/** Rule by which the kept weights of a block make up for the pruned ones (design: updates). */
export type UpdateRule = 'none' | 'independent' | 'joint';

/**
 * Prunes and compensates. Q: weights with maskBefore = 1 and maskAfter = 0. R: those with maskAfter = 1.
 * - none: w_Q = 0.
 * - independent: w −= αh + Σ_q ((w_q − αh_q) / D_q) F⁻¹e_q, then w_Q = 0 (Singh & Alistarh 2020,
 *   eq. 6 and, for the gradient, section 5, summed).
 * - joint: w_R += F_RR⁻¹ (F_RQ w_Q − αḡ_R), w_Q = 0: the minimiser of ½ δᵀFδ + αḡᵀδ for the whole set.
 * Weights with maskBefore = 0 are 0 before and after. A block with empty Q is left as it is.
 * `weights` (float32, block order) is changed in place. With δ the change after rounding to float32:
 * losses[2·block] = ½ δᵀFδ and losses[2·block + 1] = ḡᵀδ, ḡ = gradientSum / N. `bareLosses`, where it is
 * given, has the same of δ_Q = −w_Q, δ_R = 0: what rule none costs.
 */
export interface UpdateJob extends StateRange, FirstOrder {
  rule: UpdateRule;
  weights: Float32Array;
  maskBefore: Uint8Array;
  maskAfter: Uint8Array;
  gradientSum: Float64Array;
  losses: Float64Array;
  bareLosses?: Float64Array;
}

/**
 * saliencies[g] = ½ (w−αh)_Qᵀ [(F⁻¹)_QQ]⁻¹ (w−αh)_Q for the groups [groupFrom, groupTo), group g being
 * indices[offsets[g] … offsets[g+1]) (block order, all of one block), sorted so that the groups of
 * a block stand together; blocks [from, to) are those that the groups lie in.
 */
export interface GroupSaliencyJob extends StateRange, FirstOrder {
  weights: Float32Array;
  indices: Uint32Array;
  offsets: Uint32Array;
  groupFrom: number;
  groupTo: number;
  saliencies: Float64Array;
}

/**
 * The order in which optimal brain surgeon (Hassibi & Stork 1993) takes the weights of each block, one
 * at a time. With P = F⁻¹ and u = w − αPḡ at first, the next one to go is p with the smallest marginal
 * loss u_p² / (2 P_pp), equal ones by their index in the model's layout; then u ← u − (u_p/P_pp) P e_p
 * and P ← P − P e_p e_pᵀ P / P_pp. So with R the weights that are left and Q those that are gone
 * P = F_RR⁻¹ and u = w_R + F_RR⁻¹ (F_RQ w_Q − αḡ_R), what the joint update makes of them.
 *
 * keys[c] is the largest marginal loss up to the removal of c, and at least the next float64 after the
 * key of the weight that went before it: a threshold over keys always cuts a prefix of the order.
 * marginalLosses[c], where the array is not empty, is the marginal loss itself. Both are 0 where the
 * mask is 0: such weights are out from the start.
 */
export interface GreedyJob extends StateRange {
  weights: Float32Array;
  mask: Uint8Array;
  order: AxisOrder;
  gradientSum: Float64Array;
  /** α from 0 to 1. Default 0: the gradient is left out. */
  step?: number;
  keys: Float64Array;
  marginalLosses: Float64Array;
}

/**
 * Groups of neighbours along an axis, in block order: a run is `length`·`step` weights, the first one
 * begins at 0; within it group (t, l), l < step, t < T = ⌊length / size⌋, holds the weights
 * (t·size + i)·step + l, i < size. Its number is (run·T + t)·step + l. What a run has beyond T·size·step
 * is in no group. No group lies in two blocks.
 */
export interface GroupGrid {
  size: number;
  length: number;
  step: number;
}

/** Of each group all but `keep` weights go. Those with mask 0 are gone already. */
interface SubsetRange {
  grid: GroupGrid;
  keep: number;
  mask: Uint8Array;
  /** mask, and 0 for the weights that go now. Their number is the `value` of the status. */
  maskAfter: Uint8Array;
  /** By group: what the weights that go now cost together. */
  costs: Float64Array;
}

/**
 * N:M sparsity: of each group the set of weights goes whose removal together costs least,
 * ½ (w−αh)_Qᵀ [(F⁻¹)_QQ]⁻¹ (w−αh)_Q, by enumeration; of equal sets the first in lexicographic order.
 * Groups have at most 16 weights.
 */
export interface ChooseSubsetsJob extends StateRange, SubsetRange, FirstOrder {
  weights: Float32Array;
}

/** The same where the cost of a set is the sum of its weights' scores: the smallest go, ties by index. */
export interface ChooseSmallestJob extends BlockRange, SubsetRange {
  scores: Float64Array;
}

export type CriterionName = 'woodfisher' | 'diagonal-fisher' | 'kfac' | 'magnitude' | 'random';

/**
 * scores[c] by criterion, for the weights of the blocks.
 * - woodfisher: (w − αh)² / (2 D), D = diagonal.
 * - diagonal-fisher: w² (λ + squareSum/N) / 2.
 * - magnitude: |w|.
 * - random: a number of [0, 1) by `seed`, `stream` and the index in the model's layout alone: 53 bits
 *   of a hash (engine/javascript/random-score.ts). Arrays a criterion does not use may be empty.
 */
export interface ScoreJob extends BlockRange, FirstOrder {
  criterion: Exclude<CriterionName, 'kfac'>;
  weights: Float32Array;
  diagonal: Float64Array;
  squareSum: Float64Array;
  samples: number;
  damping: number;
  scores: Float64Array;
  order: AxisOrder;
  /** Whole numbers below 2³². */
  seed: number;
  stream: number;
}

/**
 * What is ranked and cut are units: weights, or groups of them. A unit counts amounts[c] · factor,
 * or factor where there are no amounts; by default 1. Amounts are whole numbers below 2⁵³ together.
 */
interface CountedUnits {
  amounts?: Float64Array;
  factor?: number;
}

/**
 * One pass of the radix selection over scores ≥ 0, whose bits, read as uint64, are in numeric
 * order. For each prefix r (the top 16·level bits of a score, as an exact integer in a float64; level
 * 0 has the one prefix 0), counts[65536·r + digit] is advanced by what each unit with mask 1 counts whose
 * score has that prefix, digit being its next 16 bits. Prefixes are distinct and ascending.
 * `counts` belongs to this call alone (calls are merged by adding).
 */
export interface CountKeysJob extends BlockRange, CountedUnits {
  scores: Float64Array;
  mask: Uint8Array;
  level: number;
  prefixes: Float64Array;
  counts: Float64Array;
}

/**
 * Units with mask 1 and a score equal to `score`, by their index in the model's layout. Level 0:
 * counts[index >>> 16] advances; level 1: counts[index & 65535], where index >>> 16 = prefix.
 */
export interface CountTiesJob extends BlockRange, CountedUnits {
  scores: Float64Array;
  mask: Uint8Array;
  order: AxisOrder;
  score: number;
  level: number;
  prefix: number;
  counts: Float64Array;
}

/**
 * maskAfter = mask, and 0 where the score is below `score`, or equal to it and the index in the
 * model's layout at most `lastTie` (−1: no tie is pruned). `value` of the status: what was pruned now counts.
 */
export interface CutJob extends BlockRange, CountedUnits {
  scores: Float64Array;
  mask: Uint8Array;
  maskAfter: Uint8Array;
  order: AxisOrder;
  score: number;
  lastTie: number;
}

/**
 * Sums of values by score, over the units with mask 1. With thresholds t_0 < t_1 < …: sums[2j] grows by the
 * values whose score is above t_(j−1) and below t_j, sums[2j + 1] by those whose score is t_j. What is above
 * the last threshold is passed over.
 */
export interface SumScoresJob extends BlockRange {
  scores: Float64Array;
  values: Float64Array;
  mask: Uint8Array;
  thresholds: Float64Array;
  sums: Float64Array;
}

/** `value`: the first index in [begin, end) whose value is not finite, or −1. */
export interface FindNonFiniteJob {
  values: Float32Array;
  begin: number;
  end: number;
  control: Int32Array;
}

export type KernelName = keyof Kernels;
export type KernelJob<K extends KernelName> = Parameters<Kernels[K]>[0];
