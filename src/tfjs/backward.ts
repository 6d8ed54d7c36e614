import { modelError } from './layers/application.js';
import type { LayerVariable } from './names.js';
import type { ExampleGradients, GradientMaker, Pass } from './step.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** What one place in the graph gives the gradients of its parameters. */
interface Tap {
  makers: [string, GradientMaker][];
  /** Values of the deltas. */
  size: number;
  /** Absent where no gradient came by: they are zeros then. */
  deltas?: Tensor;
  kept: Tensor[];
}

/** What came of a forward and a backward pass, still on the backend. */
export interface Backward {
  taps: Tap[];
  /** Gradients of the sum of the losses by the variables asked for. */
  variables: [string, Tensor][];
}

/**
 * Runs a forward and a backward pass. A tap is the identity y + seed, with seed the scalar 0 that the
 * loss is differentiated by: every delta comes by, and no gradient is made that nobody needs, such as
 * that of the input.
 *
 * @param loss Gives the sum of the losses of the examples.
 * @param wanted The parameters that gradients are wanted of.
 * @param variables Variables that TensorFlow.js is to differentiate by itself.
 */
export function backward(
  tf: TensorFlow,
  loss: (pass: Pass) => Tensor,
  wanted: (parameter: string) => boolean,
  variables: readonly [string, LayerVariable][],
): Backward {
  const taps: Tap[] = [];
  const pending: (readonly Tensor[])[] = [];
  try {
    const gradients = tf.tidy(() => {
      const seed = tf.scalar(0);
      const pass: Pass = {
        tf,
        tap(y, kept, makers) {
          const chosen = Object.entries(makers).filter(([name]) => wanted(name));
          if (chosen.length === 0) return y;
          const tap: Tap = { makers: chosen, size: y.size, kept: [] };
          taps.push(tap);
          pending.push(kept);
          return identity(tf, tap, y, seed);
        },
      };
      const sources = [seed, ...variables.map(([, variable]) => variable.read())];
      const { grads } = tf.engine().gradients(() => {
        const value = loss(pass);
        taps.forEach((tap, i) => {
          tap.kept = pending[i].map((tensor) => tf.keep(tf.clone(tensor)));
        });
        refuseWrongGradients(tf);
        return value;
      }, sources);
      return variables.map(([name], i) => {
        const gradient = grads[i + 1] as Tensor | undefined;
        if (gradient) return gradient;
        throw modelError(
          `the loss does not depend on "${name}" by operations that TensorFlow.js can differentiate`,
          name,
        );
      });
    });
    return { taps, variables: variables.map(([name], i) => [name, gradients[i]]) };
  } catch (error) {
    disposeTaps(taps);
    disposeTape(tf);
    throw withWayOut(error);
  }
}

/**
 * The gradients of all parameters, by name; the tensors are gone then.
 *
 * @param together k where the k examples of the pass count as one; else 1.
 */
export async function download(
  { taps, variables }: Backward,
  together: number,
): Promise<Map<string, ExampleGradients>> {
  const found = new Map<string, ExampleGradients[]>();
  const put = (name: string, gradients: ExampleGradients): void => {
    found.set(name, [...(found.get(name) ?? []), gradients]);
  };
  try {
    for (const { makers, size, deltas, kept } of taps) {
      const data = (await deltas?.data()) ?? new Float32Array(size);
      const inputs = await Promise.all(kept.map((tensor) => tensor.data<'float32'>()));
      for (const [name, make] of makers) {
        const gradients = make(data as Float32Array, ...inputs);
        put(name, together === 1 ? gradients : joined(gradients, together));
      }
    }
    for (const [name, tensor] of variables) {
      const values = await tensor.data<'float32'>();
      put(name, {
        add(_, sum) {
          for (let i = 0; i < values.length; i++) sum[i] += values[i];
        },
      });
    }
  } finally {
    disposeTaps(taps);
    for (const [, tensor] of variables) tensor.dispose();
  }
  return new Map([...found].map(([name, parts]) => [name, summed(parts)]));
}

/** The gradients of a parameter that is used at several places. */
function summed(parts: readonly ExampleGradients[]): ExampleGradients {
  if (parts.length === 1) return parts[0];
  return {
    async add(n, sum, pace) {
      for (const part of parts) await part.add(n, sum, pace);
    },
  };
}

/** The sum of the gradients of k examples as that of one. */
function joined({ add }: ExampleGradients, k: number): ExampleGradients {
  return {
    async add(_, sum, pace) {
      for (let n = 0; n < k; n++) await add(n, sum, pace);
    },
  };
}

function identity(tf: TensorFlow, tap: Tap, y: Tensor, seed: Tensor): Tensor {
  const operation = tf.customGrad((value) => ({
    value: tf.clone(value as Tensor),
    gradFunc: (dy: Tensor) => {
      tap.deltas = tf.keep(tf.clone(dy));
      return [tf.clone(dy), tf.scalar(0)];
    },
  }));
  return operation(y, seed);
}

function disposeTaps(taps: readonly Tap[]): void {
  for (const { deltas, kept } of taps) {
    deltas?.dispose();
    for (const tensor of kept) tensor.dispose();
  }
}

/** Refuses what the wasm backend differentiates wrongly, in a custom layer or a loss. */
function refuseWrongGradients(tf: TensorFlow): void {
  if (tf.getBackend() !== 'wasm') return;
  const { activeTape } = tf.engine().state;
  if (!activeTape?.some(({ kernelName }) => kernelName === 'MaxPool')) return;
  throw modelError(
    'a custom layer or the loss calls tf.maxPool, whose gradient is wrong on the wasm backend: ' +
      "run await tf.setBackend('cpu') before",
  );
}

/** Names the backend that has the gradient which this one lacks. */
function withWayOut(error: unknown): unknown {
  const { message = '' } = error as Error;
  const [, kernel, backend] =
    /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(message) ?? [];
  if (kernel === undefined || backend === 'cpu') return error;
  return modelError(
    `the ${backend} backend of TensorFlow.js has no ${kernel}, which a layer or the loss needs for ` +
      "its gradient: run await tf.setBackend('cpu') before",
    kernel,
  );
}

/** Disposes what TensorFlow.js saved for a backward pass; it does not when the pass fails. */
function disposeTape(tf: TensorFlow): void {
  const { state } = tf.engine();
  // Inside a gradient of the caller's the tape is the caller's.
  if (state.gradientDepth > 0) return;
  const saved = (state.activeTape ?? []).flatMap((node) => node.saved ?? []);
  for (const tensor of saved) tensor.dispose();
  state.activeTape = [];
}
