import test, { type ExecutionContext } from 'ava';
import { instructionSets } from './instruction-sets.js';
import type { Failure } from './programs/fail-to-factor.js';
import { resultOf } from './run-program.js';

/** The failure of block 2 of body.weight: pivot 1 is row 1, for dual sample 1. */
function checkFailure(t: ExecutionContext, failure: Failure): void {
  const { title, code, message = '', details, helped } = failure;
  t.is(code, 'ERR_WOODFISHER_NOT_POSITIVE_DEFINITE', title);
  t.like(details, { parameter: 'body.weight', block: 2, value: 1e-5 }, title);
  // The joint update factors the kept rows alone: its pivot is the second of them.
  if (title !== 'joint update by gram') t.is(details?.pivot, 1, title);
  t.true((details?.pivot ?? 0) >= 1 && (details?.pivot ?? 16) < 16, title);
  t.regex(message, /block 2 of parameter "body\.weight" is not positive definite in float64/);
  t.regex(message, new RegExp(`failed at pivot ${details?.pivot} with damping 0\\.00001\\.`));
  t.regex(message, /Use a larger damping, more samples, or gradients on a smaller scale$/);
  t.true(helped, `${title}: a larger damping helps`);
}

const TITLES = ['gram', 'dual'].flatMap((solver) =>
  ['invert', 'prune', 'joint update'].map((what) => `${what} by ${solver}`),
);

test.serial(
  'a failed factorisation says where, of what, and what to do (javascript)',
  async (t) => {
    const failures = await resultOf<Failure[]>('fail-to-factor', ['javascript']);
    t.deepEqual(
      failures.map(({ title }) => title),
      TITLES,
    );
    for (const failure of failures) checkFailure(t, failure);
  },
);

for (const { name, env } of instructionSets) {
  test.serial(`a failed factorisation is told in the same words (${name})`, async (t) => {
    const failures = await resultOf<Failure[]>('fail-to-factor', ['native'], { env });
    for (const failure of failures) checkFailure(t, failure);
    t.deepEqual(failures, await resultOf<Failure[]>('fail-to-factor', ['javascript']));
  });
}
