import { traceOf } from '../fisher/damping.js';
import type { EstimatedFisher } from '../fisher/estimate.js';
import type { Lambda } from '../fisher/lambda.js';
import type { ChosenSolver } from '../solvers/choose.js';
import type { FisherForm } from '../solvers/form.js';

/** What is told of a Fisher. */
export interface FisherFigures {
  samples: number;
  form: FisherForm;
  solver: ChosenSolver;
  damping: Lambda;
  /** Without λ, by parameter. */
  traces: readonly number[];
  /** Weights of the longest block. */
  longest: number;
  /** Whether it was estimated at other weights than those that are pruned. */
  otherWeights?: boolean;
}

/** The same of a Fisher in memory. */
export async function fisherFigures(fisher: EstimatedFisher): Promise<FisherFigures> {
  const { state, solver, damping, otherWeights } = fisher;
  const { samples, form, parameters } = state;
  const traces: number[] = [];
  for (const index of parameters.keys()) traces.push(await traceOf(state, index));
  const longest = Math.max(...parameters.map(({ blockOrder }) => blockOrder));
  return { samples, form, solver, damping, traces, longest, otherWeights };
}
