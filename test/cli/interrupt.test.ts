import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomBatches, randomParameter, seeded } from '../random.js';
import { writeGradients, writeWeights } from './model-files.js';
import { runCli } from './run-cli.js';

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends a long run with code ${expected}, and the old output is still there`, async (t) => {
    const folder = await temporaryFolder(t);
    const random = seeded(5);
    // Four blocks of 4096: their factorisations alone take the fastest engine seconds.
    const parameters = [randomParameter('w', [128, 128], random)];
    const [weights, gradients, out] = ['w', 'g', 'o'].map((name) => join(folder, name));
    await writeWeights(weights, parameters);
    await writeGradients(gradients, parameters, randomBatches(parameters, [4], random)[0]);
    await writeFile(out, 'old');
    const before = await readdir(folder);
    const files = ['--weights', weights, '--gradients', gradients, '--out', out];
    const long = ['--block-size', '4096', '--solver', 'gram', '--threads', '1', '--sparsity', '1'];
    let sent = 0;
    const { code, stderr } = await runCli(['prune', ...files, ...long], {
      onStderr: (text, kill) => {
        if (sent > 0 || !text.includes('invert: ')) return;
        sent = performance.now();
        kill(signal);
      },
    });
    t.is(code, expected, stderr);
    t.true(performance.now() - sent < 1500, 'it ends soon');
    t.regex(stderr, new RegExp(`^error: interrupted by ${signal}$`, 'm'));
    t.is(await readFile(out, 'utf8'), 'old');
    t.deepEqual(await readdir(folder), before);
  });
}
