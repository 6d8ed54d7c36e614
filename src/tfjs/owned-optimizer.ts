import type { LayersModel, Tensor } from './tensorflow.js';

/** Has a model dispose its optimizer with itself, as TensorFlow.js does for one given by its name. */
export function ownOptimizer(model: LayersModel): void {
  const { optimizer } = model;
  const dispose = optimizer.dispose.bind(optimizer);
  optimizer.dispose = () => {
    dispose();
    // The momentum optimizer of TensorFlow.js 4.22 forgets the step size that it inherits.
    const { c } = optimizer as unknown as { c?: Tensor };
    if (c?.isDisposed === false) c.dispose();
  };
  (model as unknown as { isOptimizerOwned: boolean }).isOptimizerOwned = true;
}
