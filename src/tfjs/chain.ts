import type * as tfTypes from '@tensorflow/tfjs';
import { WoodFisherError } from '../errors.js';
import { isModel, type LayerVariable, namedVariables } from './names.js';
import type { LayersModel, Tensor } from './tensorflow.js';

type Layer = tfTypes.layers.Layer;
type Names = ReadonlyMap<LayerVariable, string>;

/** Layer classes whose per-example gradients are supported. */
export const supportedLayers: readonly string[] = [
  'InputLayer',
  'Dense',
  'Activation',
  'ReLU',
  'LeakyReLU',
  'ELU',
  'Softmax',
  'Flatten',
  'Reshape',
  'Dropout',
];

/** x ↦ x·kernel (+ bias): the part of a Dense layer before its activation. */
export interface DenseStep {
  kind: 'dense';
  layer: Layer;
  /** Parameter name of the kernel, [inputs, outputs]. */
  kernel: string;
  /** Parameter name of the bias, [outputs]; undefined without one. */
  bias: string | undefined;
  inputs: number;
  outputs: number;
}

/** A function without weights that treats every example by itself. */
export interface FunctionStep {
  kind: 'function';
  /** `softmax` (over the last axis) and `sigmoid` count: losses can start from their logits. */
  name: string;
  apply(x: Tensor): Tensor;
}

export type Step = DenseStep | FunctionStep;

/** A model as the functions it applies to its input, one after the other. */
export interface Chain {
  /** Shape of one example. */
  inputShape: readonly number[];
  steps: readonly Step[];
}

/**
 * Reads a model, sequential or functional, as a linear chain of supported layers.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL`, naming the layer, its class and the rule.
 */
export function chainOf(model: LayersModel): Chain {
  const links = linearLinks(model);
  const repeated = links.find((link, i) => links.findIndex((l) => l.layer === link.layer) !== i);
  if (repeated) {
    throw layerError(repeated.layer, 'is applied more than once, which is not supported');
  }
  const inputShape = model.inputs[0].shape.slice(1);
  if (inputShape.some((size) => size === null)) {
    throw modelError(`model must have a fixed input shape, but has [${inputShape.join(', ')}]`);
  }
  const names = new Map([...namedVariables(model)].map(([name, variable]) => [variable, name]));
  const steps = links.flatMap((link) => stepsOf(link, names));
  if (!steps.some((step) => step.kind === 'dense')) {
    throw modelError('model must have at least one Dense layer, but has none');
  }
  return { inputShape: inputShape as number[], steps };
}

/** A layer as the chain applies it: the ranks of its input and output count the batch axis. */
interface Link {
  layer: Layer;
  inputRank: number;
  outputRank: number;
}

/** The layers from the input to the output, those of a model inside the model included. */
function linearLinks(model: LayersModel): Link[] {
  if (!model.outputs?.length) {
    throw modelError('model must be built: give its first layer an inputShape');
  }
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    const counts = `${model.inputs.length} inputs and ${model.outputs.length} outputs`;
    throw modelError(`model must have one input and one output, but has ${counts}`);
  }
  const links: Link[] = [];
  let output: tfTypes.SymbolicTensor | undefined = model.outputs[0];
  while (output !== undefined) {
    const layer: Layer = output.sourceLayer;
    // Supported layers have one input; an InputLayer, its own input, ends the walk.
    const node: Layer['inboundNodes'][number] = layer.inboundNodes[output.nodeIndex];
    const input = node.inputTensors[0];
    if (isModel(layer)) {
      links.unshift(...linearLinks(layer));
    } else {
      assertSupported(layer);
      links.unshift({ layer, inputRank: input.rank, outputRank: output.rank });
    }
    output = node.inboundLayers.length > 0 ? input : undefined;
  }
  return links;
}

function assertSupported(layer: Layer): void {
  if (supportedLayers.includes(layer.getClassName())) return;
  throw layerError(layer, `is not supported; supported are ${supportedLayers.join(', ')}`);
}

function stepsOf(link: Link, names: Names): Step[] {
  const { layer } = link;
  switch (layer.getClassName()) {
    case 'InputLayer':
    case 'Dropout': // the identity at inference
      return [];
    case 'Dense':
      return [denseStep(link, names), ...activationSteps(layer)];
    case 'Activation':
      return activationSteps(layer);
    case 'Softmax':
      return [softmaxStep(link)];
    default:
      return [layerStep(layer, layer.getClassName())];
  }
}

function denseStep({ layer, inputRank }: Link, names: Names): DenseStep {
  if (inputRank !== 2) {
    const rule = `gets inputs of rank ${inputRank}; a Dense layer needs inputs [batch, features]`;
    throw layerError(layer, rule);
  }
  const [kernel, bias] = layer.weights;
  const [inputs, outputs] = kernel.shape as number[];
  return {
    kind: 'dense',
    layer,
    kernel: names.get(kernel) as string,
    bias: names.get(bias),
    inputs,
    outputs,
  };
}

function activationSteps(layer: Layer): FunctionStep[] {
  // The activation object is not in the public types; getConfig() has its name alone.
  const { activation } = layer as unknown as {
    activation: { getClassName(): string; apply(x: Tensor): Tensor };
  };
  const name = activation.getClassName();
  if (name === 'linear') return [];
  return [{ kind: 'function', name, apply: (x) => activation.apply(x) }];
}

function softmaxStep({ layer, outputRank: rank }: Link): FunctionStep {
  const { axis } = layer.getConfig();
  const axes = [axis as number | number[]].flat().map((a) => (a + rank) % rank);
  if (axes.includes(0)) {
    throw layerError(layer, 'runs over the batch axis; every example must be treated by itself');
  }
  const overLast = axes.length === 1 && axes[0] === rank - 1;
  return layerStep(layer, overLast ? 'softmax' : 'Softmax');
}

function layerStep(layer: Layer, name: string): FunctionStep {
  return {
    kind: 'function',
    name,
    apply: (x) => layer.apply(x, { training: false }) as Tensor,
  };
}

function layerError(layer: Layer, rule: string): WoodFisherError {
  return modelError(`layer "${layer.name}" (${layer.getClassName()}) ${rule}`, layer.name);
}

function modelError(message: string, value?: string): WoodFisherError {
  return new WoodFisherError('ERR_WOODFISHER_MODEL', message, { value });
}
