import { measureKills } from './cases/kills.js';
import { measureMemory } from './cases/memory.js';
import { measureOverlap } from './cases/overlap.js';
import { measureStart } from './cases/start.js';
import type { LargeSettings } from './settings.js';

export type { LargeSettings };

/** Measures in a folder of its own; figures by name, with their units. */
export type LargeCase = (
  folder: string,
  settings: LargeSettings,
) => Promise<Record<string, number>>;

export const LARGE_CASES: Readonly<Record<string, LargeCase>> = {
  start: measureStart,
  memory: measureMemory,
  kills: measureKills,
  overlap: measureOverlap,
};
