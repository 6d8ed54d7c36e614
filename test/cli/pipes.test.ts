import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { npy } from '../formats/npy-bytes.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { writeModelFiles } from './model-files.js';
import { MAIN, runCli } from './run-cli.js';

const onPipes = process.platform === 'win32' ? test.skip : test;

onPipes('names from a pipe are those of every .npy file, and settings may be one', async (t) => {
  const folder = await temporaryFolder(t);
  const { weightsPath } = await writeModelFiles(folder);
  for (const [k, file] of ['g1.npy', 'g2.npy'].entries()) {
    const values = Float32Array.from({ length: 4 * 171 }, (_, i) => Math.sin(i * i + k));
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 171), }";
    await writeFile(join(folder, file), npy(header, values));
  }
  const names = join(folder, 'names.json');
  await writeFile(names, '["fc1.weight", "fc2.weight"]');
  const [file, piped] = ['file.safetensors', 'piped.safetensors'].map((one) => join(folder, one));
  const flags = ['--weights', weightsPath, '--gradients', join(folder, 'g*.npy'), '--quiet'];
  const plain = await runCli([
    ...['prune', ...flags, '--sparsity', '0.5', '--gradient-names', names, '--out', file],
  ]);
  t.is(plain.code, 0, plain.stderr);
  const script = `mkfifo "$2/s.yaml"; echo 'sparsity: 0.5' > "$2/s.yaml" &
    exec "$0" "$1" prune "\${@:4}" --out "$3" --settings "$2/s.yaml" --gradient-names <(cat "$2/names.json")`;
  const through = await runCli(['-c', script, process.execPath, MAIN, folder, piped, ...flags], {
    program: 'bash',
  });
  t.is(through.code, 0, through.stderr);
  t.deepEqual(await readFile(piped), await readFile(file));
});
