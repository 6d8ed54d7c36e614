import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { ParsedPattern } from '../blocks/pattern.js';
import type { Damping } from '../options.js';
import type { RunContext } from '../pool/run-context.js';
import type { FisherForm } from '../solvers/form.js';
import { resolveDamping } from './damping.js';
import type { EstimatedFisher } from './estimate.js';
import { combineStates } from './file/combine.js';
import { requireSameParameters } from './file/same-parameters.js';
import type { StateSource } from './file/state-source.js';

/** The Fisher of a run out of a saved state, or a live one, in place of gradients. */
export async function loadFisher(
  context: RunContext,
  parameters: readonly BlockedParameter[],
  source: StateSource,
  { damping, form, pattern }: { damping: Damping; form: FisherForm; pattern: ParsedPattern },
): Promise<EstimatedFisher> {
  const { sameWeights } = await requireSameParameters(source, parameters, pattern);
  const state = await combineStates(context, parameters, [source], form);
  await state.settle();
  return {
    state,
    solver: { name: state.solver, reason: `that of ${source.name}` },
    damping: await resolveDamping(state, damping),
    copiedValues: 0,
    otherWeights: !sameWeights,
  };
}
