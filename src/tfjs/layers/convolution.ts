import { convolve, convolveChannels } from '../operations/convolve.js';
import type { LayerStep, Pass } from '../step.js';
import { channelProducts } from '../sums/channel-products.js';
import { biasSums } from '../sums/indexed-sums.js';
import { placeProducts } from '../sums/place-products.js';
import { windowProducts } from '../sums/window-products.js';
import type { Tensor } from '../tensorflow.js';
import {
  type Application,
  activationSteps,
  byName,
  type Layer,
  type LayerKind,
  type Modes,
} from './application.js';
import { asImages, channelsLast } from './axes.js';
import { type Windows, windowsOf } from './windows.js';

type Variable = Layer['weights'][number];
type Pair = readonly [number, number];

/** What a convolution of TensorFlow.js has beside its public type. */
interface ConvolutionLayer {
  kernelSize: number[];
  strides: number[];
  padding: string;
  dataFormat: string;
  dilationRate: number | number[];
  kernel?: Variable;
  depthwiseKernel?: Variable;
  pointwiseKernel?: Variable;
  bias?: Variable | null;
}

/** Conv1D and Conv2D; a sequence is an image of one column. */
export const convolution: LayerKind = (application) => {
  const layer = settings(application.layer);
  // TensorFlow.js takes a sequence with the channels first, and gives one with the channels last.
  if (layer.kernelSize.length === 1 && layer.dataFormat === 'channelsFirst') return undefined;
  return convolutionSteps(application, layer, (pass, x) => {
    const kernel = layer.kernel as Variable;
    const weights = kernel.read();
    const [inputs, outputs] = weights.shape.slice(-2);
    const windows = windowsIn(layer, x);
    const image = pass.tf.reshape(weights, [...windows.kernel, inputs, outputs]);
    const y = withBias(pass, layer, convolve(pass.tf, x, image, windows));
    return pass.tap(
      y,
      [x],
      byName(application, [
        [kernel, (deltas, a) => windowProducts(windows, a, deltas, outputs)],
        [layer.bias, (deltas) => biasSums(places(windows) * outputs, outputs, deltas)],
      ]),
    );
  });
};

/** DepthwiseConv2D, which TensorFlow.js never dilates. */
export const depthwiseConvolution: LayerKind = (application) => {
  const layer = { ...settings(application.layer), dilationRate: 1 };
  return convolutionSteps(application, layer, (pass, x) => {
    const kernel = layer.depthwiseKernel as Variable;
    const weights = kernel.read();
    const [, , channels, m] = weights.shape as [number, number, number, number];
    const windows = windowsIn(layer, x);
    const y = withBias(pass, layer, convolveChannels(pass.tf, x, weights, windows));
    return pass.tap(
      y,
      [x],
      byName(application, [
        [kernel, (deltas, a) => channelProducts(windows, a, deltas, m)],
        [layer.bias, (deltas) => biasSums(places(windows) * channels * m, channels * m, deltas)],
      ]),
    );
  });
};

/** SeparableConv2D: a depthwise convolution, and a product at every place of what it gives. */
export const separableConvolution: LayerKind = (application) => {
  const layer = settings(application.layer);
  // TensorFlow.js adds the bias along the wrong axis.
  if (layer.dataFormat === 'channelsFirst') return undefined;
  return convolutionSteps(application, layer, (pass, x) => {
    const { tf } = pass;
    const depthwise = layer.depthwiseKernel as Variable;
    const pointwise = layer.pointwiseKernel as Variable;
    const m = depthwise.shape[3] as number;
    const outputs = pointwise.shape[3] as number;
    const windows = windowsIn(layer, x);
    const inner = pass.tap(
      convolveChannels(tf, x, depthwise.read(), windows),
      [x],
      byName(application, [[depthwise, (deltas, a) => channelProducts(windows, a, deltas, m)]]),
    );
    const single = windowsOf(inner.shape, [1, 1], [1, 1], [1, 1], 'valid');
    const y = withBias(pass, layer, convolve(tf, inner, pointwise.read(), single));
    return pass.tap(
      y,
      [inner],
      byName(application, [
        [pointwise, (deltas, a) => placeProducts(places(windows), a, deltas, outputs)],
        [layer.bias, (deltas) => biasSums(places(windows) * outputs, outputs, deltas)],
      ]),
    );
  });
};

function convolutionSteps(
  application: Application,
  layer: ConvolutionLayer,
  run: (pass: Pass, image: Tensor) => Tensor,
): LayerStep[] | undefined {
  if (layer.padding !== 'same' && layer.padding !== 'valid') return undefined;
  const { kernel, depthwiseKernel, pointwiseKernel, bias } = layer;
  const modes: Modes = byName(application, [
    [kernel, 'patches'],
    [depthwiseKernel, 'patches'],
    [pointwiseKernel, 'positions'],
    [bias, 'positions'],
  ]);
  return [
    {
      name: 'convolution',
      modes,
      run: (pass, x) =>
        channelsLast(pass.tf, layer.dataFormat, x, (last) =>
          asImages(pass.tf, last, (image) => run(pass, image)),
        ),
    },
    ...activationSteps(application.layer),
  ];
}

function settings(layer: Layer): ConvolutionLayer {
  return layer as unknown as ConvolutionLayer;
}

function windowsIn(layer: ConvolutionLayer, x: Tensor): Windows {
  const dilations = [layer.dilationRate].flat();
  return windowsOf(
    x.shape,
    image(layer.kernelSize, 1),
    image(layer.strides, 1),
    dilations.length === 1 && layer.kernelSize.length === 2
      ? [dilations[0], dilations[0]]
      : image(dilations, 1),
    layer.padding,
  );
}

/** A setting for rows and columns; a sequence has one column. */
function image([rows, columns]: readonly number[], otherwise: number): Pair {
  return [rows, columns ?? otherwise];
}

function withBias({ tf }: Pass, { bias }: ConvolutionLayer, y: Tensor): Tensor {
  return bias ? tf.add(y, bias.read()) : y;
}

function places({ output }: Windows): number {
  return output[0] * output[1];
}
