import type { EngineName } from '../src/engine/engine.js';
import { loadNative } from '../src/engine/native.js';

/** The engines that can run here; every test of the library runs on each of them. */
export const ENGINES: readonly EngineName[] =
  loadNative() === undefined ? ['javascript'] : ['javascript', 'native'];
