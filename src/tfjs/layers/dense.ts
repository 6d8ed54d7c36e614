import { multiplyLast } from '../operations/multiply.js';
import { biasSums } from '../sums/indexed-sums.js';
import { placeProducts } from '../sums/place-products.js';
import { activationSteps, byName, type LayerKind, type Makers, type Modes } from './application.js';

/** x·kernel + bias over the last axis, at every place of an example. */
export const dense: LayerKind = (application) => {
  const { layer, inputShapes } = application;
  const [kernel, bias] = layer.weights;
  const outputs = kernel.shape[1] as number;
  // An axis of any size, null, is more than one place.
  const single = inputShapes[0].slice(1, -1).every((size) => size === 1);
  const makers = (places: number): Makers =>
    byName(application, [
      [
        kernel,
        (deltas, x) => ({
          ...placeProducts(places, x, deltas, outputs),
          ...(single && { factors: { inputs: x, deltas } }),
        }),
      ],
      [bias, (deltas) => biasSums(places * outputs, outputs, deltas)],
    ]);
  const modes: Modes = byName(application, [
    [kernel, single ? 'factors' : 'positions'],
    [bias, 'positions'],
  ]);
  const name = 'dense';
  return [
    {
      name,
      modes,
      run: (pass, x) => {
        const y = multiplyLast(pass.tf, x, kernel.read(), bias?.read());
        const places = x.shape.slice(1, -1).reduce((a, b) => a * b, 1);
        return pass.tap(y, [x], makers(places));
      },
    },
    ...activationSteps(layer),
  ];
};
