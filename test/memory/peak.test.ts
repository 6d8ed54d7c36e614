import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { memoryOf } from '../../src/plan/memory.js';
import { planRun } from '../../src/plan/run-plan.js';
import { ENGINES } from '../engines.js';
import { runSettings } from '../plan/settings.js';

const SCRIPT = fileURLToPath(new URL('./peak-run.js', import.meta.url));
const MB = 1e6;

(ENGINES.includes('native') ? test : test.skip)(
  'a process takes the state, two batches, and at most 150 MB beside',
  async (t) => {
    const [size, blockSize, count] = [300_000, 250, 128];
    const { state, batches } = memoryOf(
      planRun(
        runSettings({
          parameters: [{ name: 'a', shape: [size / 100, 100] }],
          ...{ run: 'fisher', solver: 'gram', blockSize, samples: 4 * count, gradientBatch: count },
        }),
      ),
    );
    t.true(state > 300 * MB && batches > 300 * MB);
    const args = [SCRIPT, ...[size, blockSize, count].map(String)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const beside = (Number(stdout) - state - batches) / MB;
    t.log(`${beside.toFixed(0)} MB beside ${((state + batches) / MB).toFixed(0)} MB`);
    t.true(beside < 150, `${beside} MB`);
    t.true(beside > 0);
  },
);
