import type { LayerVariable } from '../names.js';
import type { LayerStep } from '../step.js';
import type { LayersModel, Tensor } from '../tensorflow.js';
import type { Application } from './application.js';
import { functionLayer } from './functions.js';

/** A layer of which nothing is known: TensorFlow.js applies it to single examples. */
export function opaqueSteps(application: Application): LayerStep[] {
  const { names, layer } = application;
  return (functionLayer(application) ?? []).map((step) => ({
    ...step,
    ...ofVariables(layer.weights, names),
  }));
}

/** A model whose layers cannot be steps, as one step. */
export function opaqueModel(
  model: LayersModel,
  names: ReadonlyMap<LayerVariable, string>,
): LayerStep {
  return {
    name: 'model',
    run: (_, x) => model.apply(x, { training: false }) as Tensor,
    ...ofVariables([...names.keys()], names),
  };
}

function ofVariables(
  weights: readonly LayerVariable[],
  names: ReadonlyMap<LayerVariable, string>,
): Pick<LayerStep, 'modes' | 'opaque'> {
  // Moving means are no parameters; a kernel is one in a layer that is not trained, too.
  const known = weights.filter((v) => names.has(v) && (v.shape.length > 1 || v.trainable));
  return {
    modes: Object.fromEntries(known.map((variable) => [names.get(variable) as string, 'loop'])),
    opaque: {
      variables: new Map(known.map((variable) => [names.get(variable) as string, variable])),
    },
  };
}
