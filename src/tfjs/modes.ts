import { graphOf } from './graph.js';
import { namedVariables } from './names.js';
import { isPrunableVariable } from './roles.js';
import type { GradientMode } from './step.js';
import type { LayersModel } from './tensorflow.js';

/** How the gradients of one parameter are got. */
export interface ParameterMode {
  /** Name of the parameter, as {@link modelParameters} gives it. */
  parameter: string;
  /** Class of its layer: `Conv2D`. */
  layerClass: string;
  prunable: boolean;
  mode: GradientMode;
}

/**
 * How the gradients of each parameter of a model are got, in the order of its layers; what a loss
 * cannot be differentiated by (the moving mean of a BatchNormalization) is left out.
 *
 * One parameter with mode `loop` has all examples pass one at a time, which is slow: hand a model
 * with such layers to {@link meanGradients}, which lets a sample's examples pass together.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL` for a model that has no gradients here.
 * @example
 * gradientModes(model).filter(({ mode }) => mode === 'loop'); // what is slow
 */
export function gradientModes(model: LayersModel): ParameterMode[] {
  const modes = new Map<string, GradientMode>();
  for (const step of graphOf(model).steps) {
    for (const [name, mode] of Object.entries(step.modes ?? {})) {
      // A Dense layer that is applied twice has a sum of outer products.
      modes.set(name, modes.has(name) && mode === 'factors' ? 'positions' : mode);
    }
  }
  return [...namedVariables(model)].flatMap(([parameter, named]) => {
    const mode = modes.get(parameter);
    if (mode === undefined) return [];
    const layerClass = named.layer.getClassName();
    return [{ parameter, layerClass, prunable: isPrunableVariable(named), mode }];
  });
}
