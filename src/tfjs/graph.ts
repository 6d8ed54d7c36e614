import type * as tfTypes from '@tensorflow/tfjs';
import { type Layer, modelError } from './layers/application.js';
import { knownSteps } from './layers/kinds.js';
import { opaqueModel, opaqueSteps } from './layers/opaque.js';
import { isModel, type LayerVariable, namedVariables } from './names.js';
import type { LayerStep } from './step.js';
import type { LayersModel } from './tensorflow.js';

/** A step and the values it takes: 0 is the model's input, i + 1 is what step i gives. */
export interface GraphStep extends LayerStep {
  inputs: readonly number[];
}

/** Sizes of the axes, null where any goes. */
export type OpenShape = readonly (number | null)[];

/** A model as the steps from its input to its output, each behind those whose values it takes. */
export interface Graph {
  /** Shape of one example; null where the model takes any size. */
  inputShape: OpenShape;
  steps: readonly GraphStep[];
  /** The value that the model gives. */
  output: number;
}

type Symbolic = tfTypes.SymbolicTensor;
type Node = Layer['inboundNodes'][number];

/**
 * Reads a model, sequential or functional, models inside it included, as steps.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL`, naming the rule, and the layer where it is one.
 */
export function graphOf(model: LayersModel): Graph {
  const inputShape = checkedShape(model);
  const names = new Map([...namedVariables(model)].map(([name, { variable }]) => [variable, name]));
  const steps = new GraphBuilder(names).steps(model) ?? wholeModel(model, names);
  return { inputShape, steps, output: steps.length };
}

/** Walks from the output to the input; a layer that is applied twice makes its steps twice. */
class GraphBuilder {
  readonly #names: ReadonlyMap<LayerVariable, string>;
  readonly #steps: GraphStep[] = [];

  constructor(names: ReadonlyMap<LayerVariable, string>) {
    this.#names = names;
  }

  /** The steps of a model of one input; undefined where it has something that cannot be steps. */
  steps(model: LayersModel): GraphStep[] | undefined {
    return this.#outputOf(model, [0]) === undefined ? undefined : this.#steps;
  }

  #outputOf(model: LayersModel, inputs: readonly number[]): number | undefined {
    const values = new Map<Node, number | undefined>();
    const valueBehind = (tensor: Symbolic): number | undefined => {
      const input = model.inputs.findIndex(({ id }) => id === tensor.id);
      if (input >= 0) return inputs[input];
      if ((tensor.outputTensorIndex ?? 0) > 0) return undefined;
      const layer: Layer = tensor.sourceLayer;
      const node: Node = layer.inboundNodes[tensor.nodeIndex];
      if (!values.has(node)) {
        const taken = node.inputTensors.map(valueBehind);
        values.set(node, taken.every(isNumber) ? this.#apply(layer, node, taken) : undefined);
      }
      return values.get(node);
    };
    return valueBehind(model.outputs[0]);
  }

  /** Adds the steps of a layer; gives the value of its output. */
  #apply(layer: Layer, node: Node, inputs: readonly number[]): number | undefined {
    if (isModel(layer)) {
      return layer.outputs.length === 1 ? this.#outputOf(layer, inputs) : undefined;
    }
    if (makesMask(layer)) return undefined;
    const application = {
      layer,
      inputShapes: node.inputShapes as (number | null)[][],
      outputShape: node.outputShapes[0] as (number | null)[],
      names: this.#names,
    };
    const steps = knownSteps(application) ?? opaqueSteps(application);
    let taken = inputs;
    for (const step of steps) {
      this.#steps.push({ ...step, inputs: taken });
      taken = [this.#steps.length];
    }
    return taken[0];
  }
}

/** Whether later layers leave some times of a sequence out. */
function makesMask(layer: Layer): boolean {
  const { maskZero } = layer as unknown as { maskZero?: boolean };
  return maskZero === true || layer.getClassName() === 'Masking';
}

function wholeModel(
  model: LayersModel,
  names: ReadonlyMap<LayerVariable, string>,
): readonly GraphStep[] {
  return [{ ...opaqueModel(model, names), inputs: [0] }];
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}

function checkedShape(model: LayersModel): OpenShape {
  if (!model.outputs?.length) {
    throw modelError('model must be built: give its first layer an inputShape');
  }
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    const counts = `${model.inputs.length} inputs and ${model.outputs.length} outputs`;
    throw modelError(`model must have one input and one output, but has ${counts}`);
  }
  return model.inputs[0].shape.slice(1);
}
