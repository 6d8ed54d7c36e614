import { enlarged } from '../operations/enlarge.js';
import type { Tensor } from '../tensorflow.js';
import type { LayerKind } from './application.js';
import { channelsLast } from './axes.js';

interface UpSamplingLayer {
  size: number[];
  dataFormat: string;
  interpolation: string;
}

/** UpSampling2D. */
export const upSampling: LayerKind = ({ layer }) => {
  const { size, dataFormat, interpolation } = layer as unknown as UpSamplingLayer;
  return [
    {
      name: 'enlarge',
      run: ({ tf }, x) =>
        channelsLast(tf, dataFormat, x, (last) => {
          const bilinear = interpolation === 'bilinear';
          const to = [1, 2].map((axis, i) => (last.shape[axis] as number) * size[i]);
          const resize = bilinear ? tf.image.resizeBilinear : tf.image.resizeNearestNeighbor;
          const enlarge = (image: Tensor) =>
            resize(image as Parameters<typeof resize>[0], to as [number, number]);
          return enlarged(tf, last, enlarge, bilinear);
        }),
    },
  ];
};
