import type { BlockedParameter } from '../blocks/blocked-parameter.js';
import type { Region } from '../files/region.js';
import type { Slice } from './slice.js';

/** A slice in memory: a parameter of its own for the engines. */
export interface LoadedSlice {
  slice: Slice;
  region: Region;
  /** Block order; `order` is that within the region. */
  parameter: BlockedParameter;
}
