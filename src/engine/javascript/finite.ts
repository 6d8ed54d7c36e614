import type { FindNonFiniteJob, Status } from '../kernels.js';
import { CANCELLED, cancelled } from './control.js';

/** Elements between two looks at the control word. */
const CHUNK = 1 << 18;

/** See FindNonFiniteJob. */
export function findNonFinite({ values, begin, end, control }: FindNonFiniteJob): Status {
  for (let from = begin; from < end; from += CHUNK) {
    if (cancelled(control)) return CANCELLED;
    const to = Math.min(from + CHUNK, end);
    for (let i = from; i < to; i++) {
      if (!Number.isFinite(values[i])) return { outcome: 'done', value: i };
    }
  }
  return { outcome: 'done', value: -1 };
}
