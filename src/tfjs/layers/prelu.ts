import { indexedSums } from '../sums/indexed-sums.js';
import { byName, type LayerKind } from './application.js';
import { weightIndex } from './normalization.js';

/** max(x, 0) + α min(x, 0), where α may be shared along axes. */
export const prelu: LayerKind = (application) => {
  const [alpha] = application.layer.weights;
  return [
    {
      name: 'prelu',
      modes: byName(application, [[alpha, 'positions' as const]]),
      run: (pass, x) => {
        const { tf } = pass;
        const negative = tf.neg(tf.relu(tf.neg(x)));
        const own = alpha.shape.flatMap((size, a) => (size === x.shape[a + 1] ? [a + 1] : []));
        const index = weightIndex(x.shape, own);
        return pass.tap(
          tf.add(tf.relu(x), tf.mul(negative, alpha.read())),
          [negative],
          byName(application, [[alpha, (deltas, factors) => indexedSums(index, deltas, factors)]]),
        );
      },
    },
  ];
};
