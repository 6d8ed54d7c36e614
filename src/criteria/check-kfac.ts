import { WoodFisherError } from '../errors.js';
import type { BlockLayout } from '../options.js';
import type { ChosenSolver, SolverOption } from '../solvers/choose.js';
import type { FisherForm } from '../solvers/form.js';

/** Refuses what the Kronecker-factored Fisher cannot be combined with. */
export function checkKfac(
  given: { fisher?: unknown; saveFisher?: unknown; blocks?: BlockLayout },
  { centred, scale }: FisherForm,
): void {
  if (given.fisher !== undefined) {
    throw refused(
      'fisher',
      'criterion "kfac" is made of the inputs and deltas of layers, which a saved Fisher does not hold; give gradients as factors',
    );
  }
  if (given.saveFisher !== undefined) {
    throw refused(
      'saveFisher',
      'saveFisher saves sums of gradients, but criterion "kfac" sums the inputs and deltas of layers; leave saveFisher out',
    );
  }
  if (given.blocks === 'compact') {
    throw refused(
      'blocks',
      'criterion "kfac" takes each block out of the Kronecker product by the places of its weights, which compact blocks move; use blocks "parameter"',
      given.blocks,
    );
  }
  if (centred) {
    throw refused(
      'centred',
      'criterion "kfac" has two factors, neither of which holds the mean gradient; leave centred out',
    );
  }
  if (scale !== 1) {
    throw refused(
      'fisherScale',
      'criterion "kfac" takes the inputs and deltas of single examples; use fisherScale "samples"',
    );
  }
}

/** The solver of criterion kfac: P is there without any being asked. */
export function kfacSolver(asked: SolverOption): ChosenSolver {
  if (asked !== 'auto' && asked !== 'woodbury') {
    throw refused(
      'solver',
      `criterion "kfac" makes F⁻¹ from the inverses of its factors, which is what solver "woodbury" keeps; use solver "auto" in place of "${asked}"`,
      asked,
    );
  }
  return { name: 'woodbury', reason: 'criterion kfac has F⁻¹ from the inverses of its factors' };
}

function refused(option: string, message: string, value?: unknown): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_OPTION', message, { option, value });
}
