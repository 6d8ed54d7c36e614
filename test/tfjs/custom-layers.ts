import { tf } from './backends.js';

type Shape = (number | null)[];

/** x·kernel, under a name of its own. */
export class OwnProduct extends tf.layers.Layer {
  static className = 'OwnProduct';
  private kernel?: tf.LayerVariable;

  override build([, inputs]: Shape): void {
    const initializer = tf.initializers.glorotNormal({});
    this.kernel = this.addWeight('kernel', [inputs as number, 2], 'float32', initializer);
    this.built = true;
  }

  override computeOutputShape([batch]: Shape): Shape {
    return [batch, 2];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.matMul([inputs].flat()[0], (this.kernel as tf.LayerVariable).read()));
  }
}
tf.serialization.registerClass(OwnProduct);

const Dense = tf.layers.dense({ units: 1 }).constructor as unknown as new (config: {
  units: number;
}) => tf.layers.Layer;

/** A Dense layer whose outputs are squared, under the inherited name. */
export class SquaredDense extends Dense {
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor {
    return tf.tidy(() => tf.square(super.call(inputs, kwargs) as tf.Tensor));
  }
}

/** The maxima of windows of two by two, under a name of its own. */
export class OwnPooling extends tf.layers.Layer {
  static className = 'OwnPooling';

  override computeOutputShape([batch, height, width, channels]: Shape): Shape {
    return [batch, (height as number) / 2, (width as number) / 2, channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.maxPool([inputs].flat()[0] as tf.Tensor4D, 2, 2, 'valid');
  }
}
tf.serialization.registerClass(OwnPooling);
