// Leaves by process.exit() while a run is under way. Arguments: the phase, and the ms after its
// first event.
import { prune } from '../../../src/index.js';
import { pruneProblem } from './prune-problem.js';

const [phase, delay] = [process.argv[2], Number(process.argv[3])];
let met = false;
await prune({
  ...pruneProblem(),
  onProgress: (event) => {
    if (event.phase !== phase || met) return;
    met = true;
    console.log('"met"');
    if (delay === 0) process.exit(0);
    setTimeout(() => process.exit(0), delay);
  },
});
if (!met) throw new Error(`there was no ${phase}`);
// The run was done before the timer: its exit comes now, with the pool's threads idle.
