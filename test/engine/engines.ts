import { loadKernels } from '../../src/engine/engine.js';
import type { Kernels } from '../../src/engine/kernels.js';
import { ENGINES } from '../engines.js';

/** An engine under test, called directly and in this thread. */
export interface EngineUnderTest {
  name: string;
  kernels: Kernels;
}

/** javascript always, native where a binary loads. */
export const engines: readonly EngineUnderTest[] = await Promise.all(
  ENGINES.map(async (name) => ({ name, kernels: await loadKernels(name) })),
);
