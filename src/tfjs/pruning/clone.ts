import { WoodFisherError } from '../../errors.js';
import { ownOptimizer } from '../owned-optimizer.js';
import type { LayersModel, TensorFlow } from '../tensorflow.js';

type Optimizer = LayersModel['optimizer'];

/**
 * A model of its own with the same layers and weights, compiled alike, its optimizer anew.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL` where a layer cannot be made again from its
 *   description, with the reason as `cause`.
 */
export async function cloneModel(tf: TensorFlow, model: LayersModel): Promise<LayersModel> {
  const clone = await emptyClone(tf, model);
  clone.setWeights(model.getWeights());
  const { optimizer, loss, metrics } = model as LayersModel & { metrics?: string[] };
  // Without compile() there is none, whatever the types say.
  if ((optimizer as Optimizer | undefined) !== undefined) {
    clone.compile({ optimizer: freshOptimizer(optimizer), loss, metrics });
    ownOptimizer(clone);
  }
  return clone;
}

async function emptyClone(tf: TensorFlow, model: LayersModel): Promise<LayersModel> {
  const topology = model.toJSON(null, false) as Parameters<typeof tf.models.modelFromJSON>[0];
  try {
    return await tf.models.modelFromJSON(topology);
  } catch (cause) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_MODEL',
      `model cannot be cloned: ${(cause as Error).message}; register its own layers with ` +
        'tf.serialization.registerClass, or set inPlace to true',
      {},
      { cause },
    );
  }
}

function freshOptimizer(optimizer: Optimizer): Optimizer {
  type Class = { fromConfig(type: Class, config: object): Optimizer };
  const type = optimizer.constructor as unknown as Class;
  return type.fromConfig(type, optimizer.getConfig());
}
