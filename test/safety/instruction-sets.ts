import { loadNative } from '../../src/engine/native.js';

/** The environment in which a program runs with one of the instruction sets that are here. */
export const instructionSets: readonly { name: string; env: Record<string, string> }[] = (
  loadNative()?.instructionSets() ?? []
).map((name) => ({ name, env: { WOODFISHER_INSTRUCTION_SET: name } }));
