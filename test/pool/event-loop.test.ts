import { monitorEventLoopDelay } from 'node:perf_hooks';
import test from 'ava';
import { prune } from '../../src/index.js';
import { ENGINES } from '../engines.js';
import { randomArray, randomParameter, seeded } from '../random.js';

const random = seeded(5);
/** tfjs's layout, so that weights and masks are permuted on the way. */
const parameter = { ...randomParameter('a', [1000, 500], random), outputAxis: 1 };
const batch = { a: randomArray(48 * 500_000, random) };

for (const engine of ENGINES) {
  test.serial(`the event loop turns at least every 20 ms (${engine})`, async (t) => {
    const options = { parameters: [parameter], sparsity: 0.9, blockSize: 20, engine };
    // A busy machine may take the processor away from this thread: the library is at fault only if
    // it blocks the loop every time.
    const longest: number[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      await prune({ ...options, gradients: [batch] });
      delay.disable();
      longest.push(delay.max / 1e6);
      if (delay.max / 1e6 < 20) break;
    }
    t.log(`longest turns: ${longest.map((ms) => ms.toFixed(1)).join(', ')} ms`);
    t.true(Math.min(...longest) < 20);
  });
}
