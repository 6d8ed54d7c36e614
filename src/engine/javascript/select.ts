import { modelIndex } from '../axis-order.js';
import type { BlockRange, CountKeysJob, CountTiesJob, CutJob, Status } from '../kernels.js';
import { blockDone, CANCELLED, cancelled, DONE } from './control.js';

const DIGITS = 65536;

/** See CountKeysJob. Scores are read as their bits, in words of 32. */
export function countKeys(job: CountKeysJob): Status {
  const { scores, level, prefixes, counts } = job;
  const amount = amountOf(job);
  const words = new Uint32Array(scores.buffer, scores.byteOffset, 2 * scores.length);
  const complete = forEachKept(job, (c) => {
    const low = words[2 * c];
    const high = words[2 * c + 1];
    let prefix = 0;
    let digit = high >>> 16;
    if (level === 1) [prefix, digit] = [high >>> 16, high & 65535];
    else if (level === 2) [prefix, digit] = [high, low >>> 16];
    else if (level === 3) [prefix, digit] = [high * DIGITS + (low >>> 16), low & 65535];
    const r = prefixes.indexOf(prefix);
    if (r !== -1) counts[DIGITS * r + digit] += amount(c);
  });
  return complete ? DONE : CANCELLED;
}

/** See CountTiesJob. */
export function countTies(job: CountTiesJob): Status {
  const { scores, score, order, level, prefix, counts } = job;
  const amount = amountOf(job);
  const complete = forEachKept(job, (c) => {
    if (scores[c] !== score) return;
    const index = modelIndex(order, c);
    if (level === 0) counts[index >>> 16] += amount(c);
    else if (index >>> 16 === prefix) counts[index & 65535] += amount(c);
  });
  return complete ? DONE : CANCELLED;
}

/** See CutJob. */
export function cut(job: CutJob): Status {
  const { starts, from, to, scores, mask, maskAfter, order, score, lastTie } = job;
  const amount = amountOf(job);
  maskAfter.set(mask.subarray(starts[from], starts[to]), starts[from]);
  let value = 0;
  const complete = forEachKept(job, (c) => {
    const tied = scores[c] === score && modelIndex(order, c) <= lastTie;
    if (scores[c] < score || tied) {
      maskAfter[c] = 0;
      value += amount(c);
    }
  });
  return complete ? { outcome: 'done', value } : CANCELLED;
}

/** What unit c counts. */
function amountOf({
  amounts,
  factor = 1,
}: CountKeysJob | CountTiesJob | CutJob): (c: number) => number {
  return amounts === undefined ? () => factor : (c) => amounts[c] * factor;
}

function forEachKept(
  { starts, from, to, mask, control }: BlockRange & { mask: Uint8Array },
  visit: (c: number) => void,
): boolean {
  for (let block = from; block < to; block++) {
    if (cancelled(control)) return false;
    for (let c = starts[block]; c < starts[block + 1]; c++) if (mask[c] !== 0) visit(c);
    blockDone(control);
  }
  return true;
}
