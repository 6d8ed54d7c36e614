import { WoodFisherError } from '../errors.js';
import { BLOCK_LAYOUTS, type BlockLayout, checkChoice, DEFAULTS } from '../options.js';
import type { ParsedPattern } from './pattern.js';

/** What blocks are cut from, and what is pruned as one; refuses what does not go together. */
export function checkBlocks(
  asked: BlockLayout | undefined,
  pattern: ParsedPattern,
): { blocks: BlockLayout; pattern: ParsedPattern } {
  const blocks = checkChoice('blocks', BLOCK_LAYOUTS, asked, DEFAULTS.blocks);
  if (blocks === 'compact' && pattern.kind !== 'unstructured') {
    throw new WoodFisherError(
      'ERR_WOODFISHER_OPTION',
      `blocks "compact" hold the weights that are still there, wherever they stand, and pattern "${pattern.text}" prunes weights by where they stand; use blocks "parameter", or pattern "unstructured"`,
      { option: 'blocks', value: blocks },
    );
  }
  return { blocks, pattern };
}
