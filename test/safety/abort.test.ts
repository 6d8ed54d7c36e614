import test from 'ava';
import { prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { seeded } from '../random.js';
import { pruneProblem } from './programs/prune-problem.js';

/** The JavaScript engine stops by the same flag, four times slower. */
const ABORTS = { native: 100, javascript: 25 };
const PHASES = ['accumulate', 'invert', 'score', 'select', 'update'];

for (const engine of ENGINES) {
  const aborts = ABORTS[engine];
  test.serial(`${aborts} aborts at random moments leave nothing behind (${engine})`, async (t) => {
    const random = seeded(21);
    const problem = { ...pruneProblem(), engine };
    const input = problem.parameters.map(({ data }) => data.slice());
    const first = await prune(problem);
    const met = new Set<string>();
    let aborted = 0;
    for (let i = 0; i < aborts; i++) {
      const controller = new AbortController();
      const reason = new Error(`abort ${i}`);
      const wanted = PHASES[i % PHASES.length];
      const delay = Math.floor(4 * random());
      const run = prune({
        ...problem,
        signal: controller.signal,
        onProgress: ({ phase }) => {
          if (phase !== wanted || controller.signal.aborted) return;
          met.add(phase);
          // Now, or some turns of the event loop later, which may be in a later phase.
          if (delay === 0) controller.abort(reason);
          else setTimeout(() => controller.abort(reason), delay);
        },
      });
      const error = await run.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      // A run may be done before its signal comes; it must not end in another way.
      if (error !== undefined || (delay === 0 && wanted !== 'update')) t.is(error, reason);
      if (error === reason) aborted++;
    }
    t.log(`${aborted} of ${aborts} runs were aborted, the others were done`);
    t.true(aborted >= aborts / 2);
    t.deepEqual([...met].sort(), [...PHASES].sort());
    t.deepEqual(
      problem.parameters.map(({ data }) => data),
      input,
      'the input is unchanged',
    );
    const again = await prune(problem);
    t.deepEqual(again.parameters, first.parameters);
  });
}
