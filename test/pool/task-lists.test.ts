import test from 'ava';
import { chooseEngine } from '../../src/engine/engine.js';
import { type LabelledJob, RunContext } from '../../src/pool/run-context.js';
import { ENGINES } from '../engines.js';
import { seeded } from '../random.js';

type Job = LabelledJob<'findNonFinite'>;

/** Tasks of 0 to 3 jobs, each over values of which one is NaN, and where those are. */
function tasksOf(context: RunContext, count: number): { tasks: Job[][]; places: number[][] } {
  const random = seeded(count);
  const places = Array.from({ length: count }, () =>
    Array.from({ length: Math.floor(4 * random()) }, () => Math.floor(100 * random())),
  );
  const tasks = places.map((task) =>
    task.map((place): Job => {
      const values = context.lease.float32(100).fill(1);
      values[place] = Number.NaN;
      const { control } = context;
      return { parameter: 'w', job: { values, begin: 0, end: values.length, control } };
    }),
  );
  return { tasks, places };
}

for (const engine of ENGINES) {
  for (const threads of [1, 2, 6]) {
    test(`every task is done once, whichever thread takes it (${engine}, ${threads} threads)`, async (t) => {
      for (const count of [0, 1, 15, 16, 17, 100]) {
        const context = new RunContext(chooseEngine(engine), threads);
        try {
          const { tasks, places } = tasksOf(context, count);
          t.deepEqual(await context.run('findNonFinite', tasks), places);
          const both = ['findNonFinite', 'findNonFinite'] as const;
          const found = await Promise.all(both.map((kernel) => context.run(kernel, tasks)));
          t.deepEqual(found, [places, places], 'two at a time');
        } finally {
          await context.dispose();
        }
      }
    });
  }

  test(`no task begins once one was cancelled (${engine})`, async (t) => {
    const controller = new AbortController();
    const { signal } = controller;
    const context = new RunContext(chooseEngine(engine), 2, { signal });
    try {
      const { tasks } = tasksOf(context, 60);
      const running = context.run('findNonFinite', tasks);
      controller.abort(new Error('enough'));
      await t.throwsAsync(running, { message: 'enough' });
      await t.throwsAsync(context.run('findNonFinite', tasks), { message: 'enough' });
    } finally {
      await context.dispose();
    }
  });
}
