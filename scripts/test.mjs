// All checks: format and lint, compilation, C++ tests by CTest, TypeScript tests by ava.
// The last line is `N passed, N failed`; the exit code is not 0 where anything failed.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { command, node, root, run } from './steps.mjs';

const total = { passed: 0, failed: 0 };

function count(passed, failed) {
  total.passed += passed;
  total.failed += failed;
}

/** A step that passes or fails as a whole. */
function step(title, code) {
  console.log(`# ${title}: ${code === 0 ? 'passed' : 'failed'}`);
  count(code === 0 ? 1 : 0, code === 0 ? 0 : 1);
  return code === 0;
}

/** Runs a program, shows its output and returns it with the exit code. */
function capture(program, args) {
  const result = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
  });
  process.stdout.write(result.stdout ?? '');
  return { output: result.stdout ?? '', code: result.status ?? 1 };
}

function nativeTests() {
  const build = join(root, 'build/tests');
  const options = ['-DWOODFISHER_TESTS=ON', '-DWOODFISHER_STRICT=ON', '-DCMAKE_BUILD_TYPE=Release'];
  const configured = run('cmake', ['-S', root, '-B', build, ...options]);
  if (!step('C++ tests configure', configured)) return;
  const built = run('cmake', ['--build', build, '--parallel', '2']);
  if (!step('C++ compiles without warnings', built)) return;
  const { output, code } = capture('ctest', ['--test-dir', build, '--output-on-failure']);
  const [, failed, all] = output.match(/(\d+) tests? failed out of (\d+)/) ?? [0, '1', '1'];
  count(Number(all) - Number(failed), Number(failed));
  if (code !== 0 && Number(failed) === 0) count(0, 1);
}

function typescriptTests() {
  const { output, code } = capture(process.execPath, [command('ava'), '--tap']);
  const lines = output.split('\n');
  const failed = lines.filter((line) => line.startsWith('not ok')).length;
  count(lines.filter((line) => /^ok (?!.*# SKIP)/.test(line)).length, failed);
  if (code !== 0 && failed === 0) count(0, 1);
}

step('format and lint', node(join(root, 'scripts/lint.mjs')));
rmSync(join(root, 'dist'), { recursive: true, force: true }); // tests that were removed since
const compiled = step('TypeScript compiles', node(command('tsc')));
nativeTests();
if (compiled) typescriptTests();
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
