// Builds the package for people who clone it; npm runs this after `npm ci` and `npm install` there.
// Without a C++ compiler it warns and succeeds: the JavaScript engine works without a binary.
import { join } from 'node:path';
import { command, node, root } from './steps.mjs';

const tsc = command('tsc');
if (tsc === undefined) {
  console.warn('woodfisher: typescript is not installed (npm ci --omit=dev?); nothing was built');
  process.exit(0);
}
const compiled = node(tsc);
if (compiled !== 0) process.exit(compiled);
process.exit(node(join(root, 'dist/src/cli/main.js'), ['build', '--if-possible']));
