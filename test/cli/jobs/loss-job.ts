import { appendFile } from 'node:fs/promises';
import { toyLoss, toyWeights } from './toy.js';

// node loss-job.js WEIGHTS [LOG]: the loss of the toy model on held-out examples, and a line of log.
const [weights, log = ''] = process.argv.slice(2);
console.log('evaluating');
console.log(toyLoss(await toyWeights(weights)));
if (log !== '') await appendFile(log, 'loss\n');
