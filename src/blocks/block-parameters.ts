import { WoodFisherError } from '../errors.js';
import type { Lease } from '../memory/arena.js';
import { inPieces } from '../memory/pieces.js';
import type { Parameter } from '../parameters.js';
import {
  type BlockShape,
  blockShape,
  type CutSettings,
  checkShapes,
  isPrunable,
} from './block-shape.js';
import type { BlockedParameter } from './blocked-parameter.js';
import { checkData, loadMask, loadWeights } from './load-arrays.js';
import { parameterArrays } from './parameter-arrays.js';
import { type ParsedPattern, UNSTRUCTURED } from './pattern.js';
import { countSurvivors, gatherSurvivors } from './survivors.js';

/** How parameters are laid out. */
export interface BlockSettings extends CutSettings {
  /** Declares that weights which are 0 have been pruned. Default false. */
  zerosArePruned?: boolean;
}

/** Checks all parameters and lays the prunable ones out for the engines. */
export async function blockParameters(
  parameters: readonly Parameter[],
  settings: BlockSettings,
  lease: Lease,
): Promise<BlockedParameter[]> {
  checkShapes(parameters);
  checkData(parameters);
  const blocked: BlockedParameter[] = [];
  for (const parameter of parameters.filter(isPrunable)) {
    blocked.push(await blockParameter(parameter, settings, lease));
  }
  return blocked;
}

async function blockParameter(
  parameter: Parameter,
  settings: BlockSettings,
  lease: Lease,
): Promise<BlockedParameter> {
  const { blockSize, pattern = UNSTRUCTURED, zerosArePruned = false } = settings;
  if (settings.blocks === 'compact') {
    const survivors = await countSurvivors(parameter, zerosArePruned);
    if (survivors < parameter.data.length) {
      const shape = blockShape({ ...parameter, survivors }, settings);
      return await gatherSurvivors(parameter, shape, settings, lease);
    }
  }
  const shape = blockShape(parameter, settings);
  checkTile(shape, pattern, blockSize);
  const arrays = parameterArrays(shape, blockSize, lease);
  const prunedBefore = await loadMask(shape, parameter.mask, arrays.mask);
  const blocked: BlockedParameter = { ...shape, ...arrays, prunedBefore };
  await loadWeights(blocked, parameter.data, arrays.weights);
  if (zerosArePruned) await declareZeros(blocked);
  return blocked;
}

/** Weights that are 0 leave the mask. */
async function declareZeros(parameter: BlockedParameter): Promise<void> {
  const { mask, weights } = parameter;
  await inPieces(weights.length, (begin, end) => {
    for (let c = begin; c < end; c++) {
      if (weights[c] !== 0 || mask[c] === 0) continue;
      mask[c] = 0;
      weights[c] = 0; // not −0
      parameter.prunedBefore++;
    }
  });
}

/** Refuses blocks too small for groups that may not lie in two of them. */
export function checkTile(
  { name, groups }: BlockShape,
  pattern: ParsedPattern,
  blockSize: number,
): void {
  if (pattern.kind !== 'neighbours' && pattern.kind !== 'subsets') return;
  const tile = (groups?.grid?.size ?? 0) * (groups?.grid?.step ?? 0);
  if (tile <= blockSize || groups?.count === 0) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_OPTION',
    `blockSize must be at least ${tile} for pattern ${pattern.text}, whose groups reach over so many weights of parameter "${name}", but is ${blockSize}`,
    { option: 'blockSize', parameter: name, value: blockSize },
  );
}
