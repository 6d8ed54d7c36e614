import { lookedUpRows } from '../sums/looked-up-rows.js';
import { byName, type LayerKind } from './application.js';

/** The rows of a table [rows, width] at indices [k, …], which must be exact in float32. */
export const embedding: LayerKind = (application) => {
  const [table] = application.layer.weights;
  const width = table.shape[1] as number;
  return [
    {
      name: 'embedding',
      modes: byName(application, [[table, 'rows' as const]]),
      run: (pass, x) => {
        const { tf } = pass;
        const y = tf.gather(table.read(), tf.cast(x, 'int32'));
        const places = x.size / (x.shape[0] as number);
        return pass.tap(
          y,
          [x],
          byName(application, [
            [table, (deltas, indices) => lookedUpRows(places, width, indices, deltas)],
          ]),
        );
      },
    },
  ];
};
