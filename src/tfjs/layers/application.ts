import type * as tfTypes from '@tensorflow/tfjs';
import { WoodFisherError } from '../../errors.js';
import type { LayerVariable } from '../names.js';
import type { GradientMaker, GradientMode, LayerStep } from '../step.js';

export type Layer = tfTypes.layers.Layer;

/** A layer at one place of a model. */
export interface Application {
  layer: Layer;
  /** Shapes with the batch axis, whose size is null. */
  inputShapes: readonly (readonly (number | null)[])[];
  outputShape: readonly (number | null)[];
  /** Name of a parameter by its variable. */
  names: ReadonlyMap<LayerVariable, string>;
}

/** The steps of a layer; undefined where a setting of the layer is none that is known. */
export type LayerKind = (application: Application) => LayerStep[] | undefined;

/** An activation of TensorFlow.js: not in its public types, and getConfig() has its name alone. */
export interface Activation {
  getClassName(): string;
  apply(x: tfTypes.Tensor): tfTypes.Tensor;
}

/** The activation that a layer ends in, as a step; none for `linear`. */
export function activationSteps(layer: object): LayerStep[] {
  const { activation } = layer as { activation?: Activation };
  const name = activation?.getClassName() ?? 'linear';
  if (activation === undefined || activation === null || name === 'linear') return [];
  return [{ name, run: (_, x) => activation.apply(x) }];
}

/** The entries for the variables that a layer has. */
export function byName<T>(
  { names }: Application,
  entries: readonly (readonly [LayerVariable | null | undefined, T])[],
): Record<string, T> {
  return Object.fromEntries(
    entries.flatMap(([variable, value]) => {
      const name = variable && names.get(variable);
      return name === undefined || name === null ? [] : [[name, value]];
    }),
  );
}

export type Makers = Record<string, GradientMaker>;
export type Modes = Record<string, GradientMode>;

export function layerError(layer: Layer, rule: string): WoodFisherError {
  return modelError(`layer "${layer.name}" (${layer.getClassName()}) ${rule}`, layer.name);
}

export function modelError(message: string, value?: string): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_MODEL', message, { value });
}
