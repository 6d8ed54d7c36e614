import { multiplyLast } from '../operations/multiply.js';
import { biasSums } from '../sums/indexed-sums.js';
import { placeProducts } from '../sums/place-products.js';
import { activationSteps, byName, type LayerKind, type Makers, type Modes } from './application.js';

/** x·kernel + bias over the last axis, at every place of an example. */
export const dense: LayerKind = (application) => {
  const { layer, inputShapes } = application;
  const [kernel, bias] = layer.weights;
  const places = (inputShapes[0].slice(1, -1) as number[]).reduce((a, b) => a * b, 1);
  const outputs = kernel.shape[1] as number;
  const makers: Makers = byName(application, [
    [
      kernel,
      (deltas, x) => ({
        ...placeProducts(places, x, deltas, outputs),
        ...(places === 1 && { factors: { inputs: x, deltas } }),
      }),
    ],
    [bias, (deltas) => biasSums(places * outputs, outputs, deltas)],
  ]);
  const modes: Modes = byName(application, [
    [kernel, places === 1 ? 'factors' : 'positions'],
    [bias, 'positions'],
  ]);
  const name = 'dense';
  return [
    {
      name,
      modes,
      run: (pass, x) => {
        const y = multiplyLast(pass.tf, x, kernel.read(), bias?.read());
        return pass.tap(y, [x], makers);
      },
    },
    ...activationSteps(layer),
  ];
};
