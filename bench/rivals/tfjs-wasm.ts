import type * as tfjs from '@tensorflow/tfjs';
import { type TensorFlow, wasmTensorFlow } from '../../examples/digits/tf-model.js';
import type { Contender, ContenderKind } from '../contender.js';
import { inverseDiagonal } from '../inverse-diagonal.js';
import { timed } from '../stopwatch.js';
import { blocksOf, distinctSamples, type Workload } from '../workload.js';

/** TensorFlow.js has no inverse, so D is made outside of it. */
export const tfjsWasm: ContenderKind = {
  name: 'tfjs-wasm',
  title: 'TensorFlow.js WebAssembly, batched matMul, float32',
  tolerance: 1e-2,
  start: async (workload) => tfjsRun(await wasmTensorFlow(), workload),
};

function tfjsRun(tf: TensorFlow, workload: Workload): Contender {
  const { weights, blockSize: B, samples: N, batch, distinct, damping } = workload;
  const blocks = blocksOf(workload);
  const rows = distinctSamples(workload);
  const diagonal = new Float64Array(weights);

  /** GᵀG of every block, [blocks, B, B], for the samples of a batch. */
  function gramOf(first: number): tfjs.Tensor3D {
    const samples = rows.subarray(first * weights, (first + batch) * weights);
    const G = tf.transpose(tf.tensor3d(samples, [batch, blocks, B]), [1, 0, 2]);
    return tf.matMul(tf.transpose(G, [0, 2, 1]), G);
  }

  return {
    async run() {
      let S = tf.zeros<tfjs.Rank.R3>([blocks, B, B]);
      const { result: sums, seconds: sum } = await timed(async () => {
        for (let i = 0; i < N / batch; i++) {
          const before = S;
          S = tf.tidy(() => tf.add(before, gramOf((i % distinct) * batch)));
          before.dispose();
        }
        return await S.data<'float32'>();
      });
      S.dispose();
      const { seconds: invert } = await timed(() => {
        for (let block = 0; block < blocks; block++) {
          const F = Float64Array.from(
            sums.subarray(block * B * B, (block + 1) * B * B),
            (value) => value / N,
          );
          for (let i = 0; i < B; i++) F[i * B + i] += damping;
          diagonal.set(inverseDiagonal(F, B), block * B);
        }
      });
      return { sum, invert };
    },
    diagonal: () => diagonal,
    threads: () => 1,
  };
}
