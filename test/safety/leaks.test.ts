import test from 'ava';
import type { RoundsResult } from './programs/rounds.js';
import { resultOf } from './run-program.js';

const EARLY = 200;
const ROUNDS = 1000;

/** MB: 12 KB a round. Without a leak it is within ±4. */
const ALLOWED = 10;

// A small young generation, or the garbage of the threads moves the memory by 40 MB up and down.
const NODE = ['--expose-gc', '--max-semi-space-size=1'];

test.serial(`nothing is left by ${ROUNDS} rounds, of which some fail`, async (t) => {
  const { early, late, endings, listeners } = await resultOf<RoundsResult>(
    'rounds',
    [EARLY, ROUNDS],
    { node: NODE },
  );
  t.log(`${early.resident.toFixed(1)} MB, then ${late.resident.toFixed(1)} MB`);
  t.true(late.resident - early.resident < ALLOWED, `${late.resident} MB after ${early.resident}`);
  t.deepEqual(late.resources, early.resources, 'what Node waits for');
  t.is(late.files, early.files, 'open files');
  t.true((late.threads ?? 0) <= (early.threads ?? 0), `${late.threads} threads`);
  t.is(listeners, 0, 'listeners on a signal that outlives the rounds');
  t.deepEqual(Object.keys(endings).sort(), [
    'ERR_WOODFISHER_NONFINITE',
    'ERR_WOODFISHER_NOT_POSITIVE_DEFINITE',
    'ERR_WOODFISHER_OPTION',
    'aborted',
    'done',
  ]);
  t.true(endings.done > ROUNDS / 2);
});
