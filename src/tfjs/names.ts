import { WoodFisherError } from '../errors.js';
import type { LayersModel } from './tensorflow.js';

/** A weight tensor inside a model, which can be read and written. */
export type LayerVariable = LayersModel['weights'][number];

/** A weight, and the layer that has it. */
export interface NamedVariable {
  variable: LayerVariable;
  layer: LayersModel['layers'][number];
}

/**
 * The weights of a model by names that are the same each time it is loaded: `dense_1/kernel`.
 *
 * TensorFlow.js appends `_1`, `_2`, … to `weight.name` when the same model is loaded again, and
 * puts scopes in front of `originalName`; the layer's name and the last part of `originalName`
 * stay. A model inside the model puts its own name in front.
 */
export function namedVariables(model: LayersModel, prefix = ''): Map<string, NamedVariable> {
  const variables = new Map<string, NamedVariable>();
  for (const layer of model.layers) {
    if (isModel(layer)) {
      for (const [name, named] of namedVariables(layer, `${prefix}${layer.name}/`)) {
        variables.set(name, named);
      }
      continue;
    }
    for (const variable of layer.weights) {
      const { originalName } = variable;
      const last = originalName.slice(originalName.lastIndexOf('/') + 1);
      const name = `${prefix}${layer.name}/${last}`;
      // The halves of a Bidirectional layer end alike; their order is fixed.
      const free = variables.has(name) ? `${name}_${variables.size}` : name;
      variables.set(free, { variable, layer });
    }
  }
  return variables;
}

/**
 * The weight of a name.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MISSING` where the model has none.
 */
export function requireVariable(
  variables: ReadonlyMap<string, NamedVariable>,
  name: string,
): LayerVariable {
  const variable = variables.get(name)?.variable;
  if (variable !== undefined) return variable;
  throw new WoodFisherError(
    'ERR_WOODFISHER_MISSING',
    `the model has no weight "${name}"; it has ${[...variables.keys()].join(', ')}`,
    { parameter: name },
  );
}

/** Whether a layer is a model itself. */
export function isModel(layer: object): layer is LayersModel {
  return 'layers' in layer;
}
