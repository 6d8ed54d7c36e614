// Inspects a file, valid or not, and prints the most memory that this took, in bytes.
import { inspect, WoodFisherError } from '../../../src/index.js';

await inspect(process.argv[2]).catch((error) => {
  if (!(error instanceof WoodFisherError)) throw error;
});
process.stdout.write(`${process.resourceUsage().maxRSS * 1024}`);
