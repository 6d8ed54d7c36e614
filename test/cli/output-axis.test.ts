import { join } from 'node:path';
import test from 'ava';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { writeGradients, writeModelFiles, writeWeights } from './model-files.js';
import { runCli } from './run-cli.js';

/** Matrices [rows, columns], one after the other, as [columns, rows]. */
function transposed(matrices: Float32Array, rows: number, columns: number): Float32Array {
  const size = rows * columns;
  return matrices.map((_, i) => {
    const [sample, at] = [Math.floor(i / size), i % size];
    return matrices[sample * size + (at % rows) * columns + Math.floor(at / rows)];
  });
}

test('--output-axis last gives what transposing the files by hand gives', async (t) => {
  const folder = await temporaryFolder(t);
  const { parameters, gradients, weightsPath, gradientsPath } = await writeModelFiles(folder);
  const [weightsT, gradientsT, out, outT] = ['w', 'g', 'o', 'oT'].map((name) => join(folder, name));
  const turned = parameters.map((parameter) => {
    const { shape, data } = parameter;
    if (shape.length === 1) return parameter;
    const [rows, columns] = shape;
    return { ...parameter, shape: [columns, rows], data: transposed(data, rows, columns) };
  });
  const turnedGradients = Object.entries(gradients).map(([name, data]) => {
    const [rows, columns = 1] = parameters.find((parameter) => parameter.name === name)!.shape;
    return [name, transposed(data, rows, columns)];
  });
  await writeWeights(weightsT, turned);
  await writeGradients(gradientsT, turned, Object.fromEntries(turnedGradients));

  // A global threshold with ties broken by index could differ; random scores have none.
  const common = ['prune', '--sparsity', '0.8', '--block-size', '10', '--quiet'];
  const plain = ['--weights', weightsPath, '--gradients', gradientsPath, '--out', out];
  const other = ['--weights', weightsT, '--gradients', gradientsT, '--out', outT];
  t.is((await runCli([...common, ...plain])).code, 0);
  t.is((await runCli([...common, ...other, '--output-axis', 'last'])).code, 0);
  await using first = await openSafetensors(out);
  await using last = await openSafetensors(outT);
  for (const { name, shape } of parameters) {
    const weights = await first.read(name);
    const expected = shape.length === 1 ? weights : transposed(weights, shape[0], shape[1]);
    t.deepEqual(await last.read(name), expected);
  }
});
