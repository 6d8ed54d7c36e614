// Runs every example of the repository with small settings; `npm run examples -- --full` with the real ones.
// The exit code is not 0 where one failed.
import { join } from 'node:path';
import { node, root } from './steps.mjs';

const EXAMPLES = [
  { file: 'digits/demo.js', small: ['--samples', '100', '--no-best'], full: [] },
  { file: 'gradual-pruning/main.js', small: [], full: ['--full'] },
  { file: 'visual-tour/main.js', small: [], full: ['--full'] },
  { file: 'pretrained/main.js', small: [], full: ['--full'] },
  { file: 'from-pytorch/main.js', small: [], full: ['--full'] },
];

const size = process.argv.includes('--full') ? 'full' : 'small';
const failed = EXAMPLES.filter(({ file, [size]: args }) => {
  console.log(`\n# ${file} ${args.join(' ')}`);
  return node(join(root, 'dist/examples', file), args) !== 0;
});
if (failed.length > 0) {
  console.error(`failed: ${failed.map(({ file }) => file).join(', ')}`);
  process.exitCode = 1;
}
