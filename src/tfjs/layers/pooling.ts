import { maxOverPlaces, maxPool } from '../operations/max-pool.js';
import type { LayerKind } from './application.js';
import { asImages, channelsLast } from './axes.js';
import { windowsOf } from './windows.js';

interface PoolingLayer {
  poolSize: number[];
  strides: number[];
  padding: string;
  dataFormat?: string;
}

/** MaxPooling1D and MaxPooling2D. */
export const maxPooling: LayerKind = ({ layer }) => {
  const { poolSize, strides, padding, dataFormat = '' } = layer as unknown as PoolingLayer;
  return [
    {
      name: 'max',
      run: ({ tf }, x) =>
        channelsLast(tf, dataFormat, x, (last) =>
          asImages(tf, last, (image) => {
            const pool = [poolSize[0], poolSize[1] ?? 1] as const;
            const steps = [strides[0], strides[1] ?? 1] as const;
            const windows = windowsOf(image.shape, pool, steps, [1, 1], padding);
            return maxPool(tf, image, windows);
          }),
        ),
    },
  ];
};

/** GlobalMaxPooling1D and GlobalMaxPooling2D. */
export const globalMaxPooling: LayerKind = ({ layer }) => {
  const { dataFormat } = layer as unknown as Partial<PoolingLayer>;
  return [
    {
      name: 'max',
      run: ({ tf }, x) => {
        const last = dataFormat === 'channelsFirst' ? tf.transpose(x, [0, 2, 3, 1]) : x;
        const [k, channels] = [last.shape[0], last.shape[last.rank - 1] as number];
        return maxOverPlaces(tf, tf.reshape(last, [k, -1, channels]));
      },
    },
  ];
};
