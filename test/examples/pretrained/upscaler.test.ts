import test from 'ava';
import { wasmTensorFlow } from '../../../examples/digits/tf-model.js';
import { halved } from '../../../examples/pretrained/halve.js';
import { cropped, photograph } from '../../../examples/pretrained/image.js';
import { psnr } from '../../../examples/pretrained/psnr.js';
import { METHODS, pruneUpscaler } from '../../../examples/pretrained/run.js';
import { loadUpscaler, upscaled } from '../../../examples/pretrained/upscaler.js';
import { gradientModes, modelParameters } from '../../../src/tfjs/index.js';

test.serial(
  'the published network loads, all of its layers are known, and it enlarges',
  async (t) => {
    const tf = await wasmTensorFlow();
    const model = await loadUpscaler(tf);
    const parameters = modelParameters(model);
    t.is(
      parameters.reduce((sum, { data }) => sum + data.length, 0),
      222_075,
    );
    t.deepEqual([...new Set(gradientModes(model).map(({ mode }) => mode))].sort(), [
      'patches',
      'positions',
    ]);
    const whole = cropped(await photograph('cat'), 60, 60, { height: 64, width: 64 });
    const large = await upscaled(tf, model, halved(whole));
    t.deepEqual([large.height, large.width, large.data.length], [64, 64, whole.data.length]);
    t.true(psnr(large, whole) > 24);
    model.dispose();
  },
);

test.serial(
  'pruned by WoodFisher it stays nearer to the photograph than by magnitude',
  async (t) => {
    const tf = await wasmTensorFlow();
    const photographs = { fisher: [await photograph('cup')], scored: await photograph('cat') };
    const before = tf.memory().numTensors;
    const stepped = { sparsities: [0.5], steps: 2, samples: 6 };
    const settings = { samples: 12, side: 8, scored: 40, sparsities: [0.5], stepped, seed: 1 };
    const { scores, dense } = await pruneUpscaler(tf, photographs, settings);
    t.is(tf.memory().numTensors, before);
    t.deepEqual(
      scores.map(({ method }) => method),
      METHODS,
    );
    const [magnitude, , , woodFisher] = scores.map(({ score }) => score.photograph);
    t.true(woodFisher > magnitude + 3 && dense > magnitude, `${[dense, magnitude, woodFisher]}`);
  },
);
