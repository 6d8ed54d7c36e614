import { cutIntoTasks } from '../blocks/spans.js';
import type { KernelJob } from '../engine/kernels.js';
import type { LabelledJob, RunContext } from '../pool/run-context.js';
import type { FisherState } from './fisher-state.js';
import type { Lambda } from './lambda.js';

/** output = F⁻¹ · input, block by block; one array per parameter, in block order, on shared memory. */
export async function multiplyInverse(
  context: RunContext,
  state: FisherState,
  damping: Lambda,
  input: readonly Float64Array[],
  output: readonly Float64Array[],
): Promise<void> {
  const cost = (order: number): number => order ** 3 / 3 + 4 * order ** 2;
  const tasks = cutIntoTasks(state.spans(), cost).map((task) =>
    task.map((span): LabelledJob<'multiply'> => {
      const job: KernelJob<'multiply'> = {
        ...state.range(span, damping),
        input: input[span.index],
        output: output[span.index],
      };
      return { parameter: span.parameter.name, job };
    }),
  );
  await context.run('multiply', tasks);
}
