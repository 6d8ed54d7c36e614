/*
 * One process of a case: gets a job from the process that forked it, does it, answers and ends. What
 * it allocates, and the memory it holds at most, are the job's alone.
 */
import type { CaseOptions } from './cases/case.js';
import { cases } from './cases/index.js';

/** Work for a child process. */
export type Job = { case: string; options: CaseOptions } & (
  | { do: 'prepare' }
  | { do: 'measure'; contender: string; prepared: unknown }
);

/** Its answer. */
export type Answer = { result: unknown; peakBytes: number } | { error: string };

async function perform(job: Job): Promise<unknown> {
  const found = cases.find(({ name }) => name === job.case);
  if (found === undefined) throw new Error(`there is no case ${job.case}`);
  if (job.do === 'prepare') return await found.prepare(job.options);
  return await found.measure(job.contender, job.prepared, job.options);
}

async function answer(job: Job): Promise<Answer> {
  try {
    const result = await perform(job);
    return { result, peakBytes: process.resourceUsage().maxRSS * 1024 };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

process.once('disconnect', () => process.exit(1)); // nobody waits for the answer any more
process.once('message', async (job: Job) => {
  const message = await answer(job);
  process.send?.(message, () => process.exit());
});
