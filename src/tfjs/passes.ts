import { optionError } from '../errors.js';
import { checkWhole } from '../options.js';
import { backward, download } from './backward.js';
import { inputSource } from './examples.js';
import { type Graph, graphOf } from './graph.js';
import { type Labels, labelSource } from './labels.js';
import { modelError } from './layers/application.js';
import { namedVariables } from './names.js';
import { objectiveOf } from './objective.js';
import { checkDrawing, type FactorOptions } from './options.js';
import { isPrunableVariable } from './roles.js';
import type { ExampleGradients, Pass } from './step.js';
import { assertLayersModel, type LayersModel, readyTensorFlow, type Tensor } from './tensorflow.js';

/** The gradients of one parameter of the examples of a pass. */
export interface ParameterGradients extends ExampleGradients {
  name: string;
  shape: readonly number[];
}

export interface PassGradients {
  /** k, the number of gradients of each parameter. */
  examples: number;
  /** The examples that one of them is the sum of: more than 1 where they are not told apart. */
  together: number;
  parameters: ParameterGradients[];
}

/**
 * Per-example gradients, from one forward and one backward pass over each batch.
 *
 * The examples do not meet before their losses are summed, so that the gradient of the sum by what a
 * layer gave for example n, its delta, is that of the loss of example n; the layer's weights have
 * gradients that are made from the deltas and from what the layer got. Where a layer is not known to
 * keep the examples apart, they pass one at a time.
 *
 * Takes the same arguments and throws the same errors as perExampleGradients.
 *
 * @param others Whether gradients are wanted of the weights too that are not prunable.
 * @param atOnce How many examples may pass without being told apart, asked before each such pass.
 */
export async function* gradientPasses(
  model: LayersModel,
  inputs: Tensor | Float32Array,
  labels: Labels | undefined,
  options: FactorOptions,
  others: boolean,
  atOnce: () => number = () => 1,
): AsyncGenerator<PassGradients, void, undefined> {
  const { loss, batchSize = 128, signal } = options;
  checkWhole('batchSize', batchSize);
  const drawing = checkDrawing(options);
  signal?.throwIfAborted();
  const tf = await readyTensorFlow(options.tf);
  assertLayersModel(tf, model);
  const graph = graphOf(model);
  const parameters = wantedParameters(model, graph, others);
  const wanted = new Set(parameters.map(({ name }) => name));
  const objective = objectiveOf(tf, model, graph, loss);
  const examples = inputSource(tf, inputs, graph.inputShape);
  if (drawing !== undefined && objective.draw === undefined) {
    throw optionError('loss', "one that has a name where fisher is 'true'", loss);
  }
  const targets =
    drawing === undefined
      ? await labelSource(tf, labels, objective.labelForm, examples.count)
      : undefined;
  const steps = graph.steps.slice(0, objective.output);
  const opaque = steps.some((step) => step.opaque);
  const variables = new Map(steps.flatMap((step) => [...(step.opaque?.variables ?? [])]));
  const differentiated = [...variables].filter(([name]) => wanted.has(name));

  /** Both passes over examples `start` … `start + k − 1`. */
  async function pass(start: number, k: number): Promise<Map<string, ExampleGradients>> {
    return download(
      backward(
        tf,
        (tools: Pass) => {
          const values = [examples.batch(start, k)];
          for (const step of steps) {
            values.push(step.run(tools, ...step.inputs.map((value) => values[value])));
          }
          const outputs = values[objective.output];
          const batchLabels =
            targets?.batch(start, k) ?? (drawing && objective.draw?.(tf, outputs, drawing.random));
          if (batchLabels === undefined) {
            throw new TypeError('a batch has labels, or they are drawn');
          }
          return objective.summedLoss(batchLabels, outputs);
        },
        (name) => wanted.has(name),
        differentiated,
      ),
      opaque ? k : 1,
    );
  }

  for (let start = 0; start < examples.count; start += batchSize) {
    const end = Math.min(start + batchSize, examples.count);
    for (let draw = 0; draw < (drawing?.draws ?? 1); draw++) {
      for (let from = start; from < end; ) {
        signal?.throwIfAborted();
        const k = opaque ? Math.min(atOnce(), end - from) : end - from;
        const gradients = await pass(from, k);
        from += k;
        yield {
          examples: opaque ? 1 : k,
          together: opaque ? k : 1,
          parameters: parameters.map((parameter) => ({
            ...parameter,
            ...(gradients.get(parameter.name) as ExampleGradients),
          })),
        };
      }
    }
  }
}

/** The parameters that gradients are given of, in the order of the model's layers. */
function wantedParameters(model: LayersModel, graph: Graph, others: boolean) {
  const differentiable = new Set(graph.steps.flatMap(({ modes }) => Object.keys(modes ?? {})));
  const parameters = [...namedVariables(model)]
    .filter(([name, named]) => differentiable.has(name) && (others || isPrunableVariable(named)))
    .map(([name, { variable }]) => ({ name, shape: variable.shape as number[] }));
  if (parameters.length > 0) return parameters;
  throw modelError('model must have at least one layer with a kernel, but has none');
}
