// All checks: format and lint, compilation, C++ tests by CTest, TypeScript tests by ava, and the C++
// tests once more under AddressSanitizer (not with --quick).
// The last line is `N passed, N failed`; the exit code is not 0 where anything failed.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Count, capture, nativeTests, sanitizedTests } from './native-tests.mjs';
import { command, node, root } from './steps.mjs';

const count = new Count();

function typescriptTests() {
  const { output, code } = capture(process.execPath, [command('ava'), '--tap']);
  const lines = output.split('\n');
  const failed = lines.filter((line) => line.startsWith('not ok')).length;
  count.add(lines.filter((line) => /^ok (?!.*# SKIP)/.test(line)).length, failed);
  if (code !== 0 && failed === 0) count.add(0, 1);
}

count.step('format and lint', node(join(root, 'scripts/lint.mjs')));
rmSync(join(root, 'dist'), { recursive: true, force: true }); // tests that were removed since
const compiled = count.step('TypeScript compiles', node(command('tsc')));
const strict = ['-DWOODFISHER_STRICT=ON', '-DCMAKE_BUILD_TYPE=Release'];
nativeTests(count, 'C++ tests', 'tests', strict);
if (compiled) typescriptTests();
if (compiled) count.step('examples run', node(join(root, 'scripts/examples.mjs')));
if (!process.argv.includes('--quick')) sanitizedTests(count, ['address']);
count.finish();
