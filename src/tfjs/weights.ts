import { WoodFisherError } from '../errors.js';
import type { Parameter } from '../parameters.js';
import { type NamedVariable, namedVariables, requireVariable } from './names.js';
import { roleOf } from './roles.js';
import {
  assertLayersModel,
  type LayersModel,
  readyTensorFlow,
  type TensorFlow,
} from './tensorflow.js';

/**
 * All weights of a model, copied out, in the order of its layers.
 *
 * A name is the layer's and the weight's, `dense_1/kernel`, and stays the same however often the
 * model is loaded. `outputAxis` is that of the output channels: blocks hold weights of one channel.
 * It is the last axis, but for depthwise kernels [kh, kw, in, m] and transposed convolutions
 * [kh, kw, out, in] the third of the four, and for an Embedding [rows, width] the first, so that blocks
 * hold weights of one row. Weights of one axis, and those of normalization and PReLU layers, are not
 * prunable.
 */
export function modelParameters(model: LayersModel): Parameter[] {
  return [...namedVariables(model)].map(([name, named]) => {
    const shape = named.variable.shape as number[];
    // The cpu backend hands out its own array.
    const data = Float32Array.from(named.variable.read().dataSync());
    return { name, shape, data, ...roleOf(named) };
  });
}

/** A weight tensor to be put back: row-major, [in, out] for a Dense kernel. */
export interface NamedWeights {
  name: string;
  data: Float32Array;
  shape?: readonly number[];
}

/**
 * Puts weights back into a model, by the names of {@link modelParameters}; weights that are not
 * given stay as they are. All are checked before the first is written.
 *
 * @param options.tf The build of TensorFlow.js the model comes from. Default: `@tensorflow/tfjs`.
 * @throws {WoodFisherError} `ERR_WOODFISHER_MISSING` for a name the model does not have;
 *   `ERR_WOODFISHER_SHAPE` for a shape or a length that differs; both name the parameter.
 */
export async function setModelWeights(
  model: LayersModel,
  parameters: readonly NamedWeights[],
  options: { tf?: TensorFlow } = {},
): Promise<void> {
  const tf = await readyTensorFlow(options.tf);
  assertLayersModel(tf, model);
  const variables = namedVariables(model);
  const writes = parameters.map((parameter) => ({
    data: parameter.data,
    variable: matchingVariable(variables, parameter),
  }));
  tf.tidy(() => {
    for (const { variable, data } of writes) {
      // A copy: the cpu backend would go on using the caller's array.
      variable.write(tf.tensor(data.slice(), variable.shape as number[]));
    }
  });
}

function matchingVariable(
  variables: Map<string, NamedVariable>,
  { name, data, shape }: NamedWeights,
): NamedVariable['variable'] {
  const variable = requireVariable(variables, name);
  const expected = variable.shape as number[];
  const size = expected.reduce((product, axis) => product * axis, 1);
  const differs =
    shape && (shape.length !== expected.length || shape.some((axis, i) => axis !== expected[i]));
  if (!differs && data.length === size) return variable;
  const received = differs ? `shape [${shape.join(', ')}]` : `${data.length} values`;
  throw new WoodFisherError(
    'ERR_WOODFISHER_SHAPE',
    `"${name}" must have shape [${expected.join(', ')}], ${size} values, but has ${received}`,
    { parameter: name, value: received },
  );
}
