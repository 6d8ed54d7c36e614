import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../../../src/formats/safetensors/writer.js';
import { TOY_SHAPES, toyGradients, toyWeights } from './toy.js';

// node gradients-job.js WEIGHTS OUT STEP [SAMPLES] [LOG] [split]: gradients of the toy model, and a line of log.
const [weights, out, step, samples = '40', log = '', form = 'file'] = process.argv.slice(2);
const gradients = toyGradients(await toyWeights(weights), Number(samples), Number(step));
const tensors = (from: number, to: number) =>
  Object.entries(TOY_SHAPES).map(([name, shape]) => {
    const size = shape[0] * shape[1];
    const data = gradients[name].subarray(from * size, to * size);
    return { name, dtype: 'F32' as const, shape: [to - from, ...shape], data };
  });
if (form === 'split') {
  await mkdir(out);
  await writeSafetensors(join(out, 'g2.safetensors'), tensors(7, Number(samples)));
  await writeSafetensors(join(out, 'g1.safetensors'), tensors(0, 7));
} else {
  await writeSafetensors(out, tensors(0, Number(samples)));
}
console.log(`gradients of step ${step}`);
if (log !== '') await appendFile(log, `gradients ${step}\n`);
