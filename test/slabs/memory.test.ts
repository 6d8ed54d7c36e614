import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import { runCli } from '../cli/run-cli.js';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { randomArray, seeded } from '../random.js';

const SCRIPT = fileURLToPath(new URL('./peak-run.js', import.meta.url));
const SAMPLES = 16;
const MEMORY = 40e6;

(ENGINES.includes('native') ? test : test.skip)(
  'a run that would take 20 times its memory stays within it, and 150 MB beside',
  async (t) => {
    const folder = await temporaryFolder(t);
    const random = seeded(3);
    const tile = randomArray(1_000_003, random);
    const data = (length: number): Float32Array =>
      Float32Array.from({ length }, (_, i) => tile[i % tile.length]);
    const tensors = [0, 1].map((i) => ({
      ...{ name: `w${i}`, dtype: 'BF16' as const, shape: [1000, 1000], data: data(1e6) },
    }));
    const [weights, gradients, out] = ['w', 'g', 'o'].map((name) => join(folder, name));
    await writeSafetensors(weights, tensors);
    await writeSafetensors(
      gradients,
      tensors.map(({ name, dtype, shape }) => ({
        ...{ name, dtype, shape: [SAMPLES, ...shape], data: data(SAMPLES * 1e6) },
      })),
    );
    const files = ['--weights', weights, '--gradients', gradients, '--out', out];
    const method = ['--sparsity', '0.9', '--block-size', '100', '--solver', 'gram', '--json'];
    const limits = ['--memory', `${MEMORY}`, '--threads', '2'];
    const { code, stdout, stderr } = await runCli(['prune', ...files, ...method, ...limits], {
      main: SCRIPT,
    });
    t.is(code, 0, stderr);
    const whole = await runCli(['plan', ...files.slice(0, 4), ...method, '--memory-limit', '4GiB']);
    const { bytes } = JSON.parse(whole.stdout.trim().split('\n').at(-1) ?? '');
    t.true(bytes.total > 20 * MEMORY, `${bytes.total} bytes in memory`);
    t.true(stdout.includes('"event":"done"'));
    const peak = Number(/peak (\d+)/.exec(stderr)?.[1]);
    t.log(`${Math.round(peak / 1e6)} MB with --memory of ${MEMORY / 1e6} MB`);
    t.true(peak < MEMORY + 150e6, `${peak}`);
    t.true(peak > MEMORY / 2);
  },
);
