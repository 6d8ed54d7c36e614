// Configures, builds and runs the C++ tests; what test.mjs, sanitize.mjs and test-arm64.mjs share.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './steps.mjs';

/** Runs a program, shows its output and returns it with the exit code. */
export function capture(program, args) {
  const result = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
  });
  process.stdout.write(result.stdout ?? '');
  return { output: result.stdout ?? '', code: result.status ?? 1 };
}

/** Sums of what passed and failed. */
export class Count {
  passed = 0;
  failed = 0;

  add(passed, failed) {
    this.passed += passed;
    this.failed += failed;
  }

  /** A step that passes or fails as a whole. */
  step(title, code) {
    console.log(`# ${title}: ${code === 0 ? 'passed' : 'failed'}`);
    this.add(code === 0 ? 1 : 0, code === 0 ? 0 : 1);
    return code === 0;
  }

  /** Prints `N passed, N failed` and ends the process with the exit code that says so. */
  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exit(this.failed === 0 ? 0 : 1);
  }
}

/** The value of an entry that CMake keeps for a build folder; undefined where there is none. */
function cached(build, name) {
  try {
    const cache = readFileSync(join(build, 'CMakeCache.txt'), 'utf8');
    return cache.match(new RegExp(`^${name}:\\w+=(.*)$`, 'm'))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * One build of the C++ tests, in build/<folder>: configured with `options`, compiled, and run by
 * CTest with the arguments `select`. Both steps count, and each test that is not skipped. A sanitizer that doesn't run here is
 * told and passed over.
 */
export function nativeTests(count, title, folder, options, select = []) {
  const build = join(root, 'build', folder);
  const configured = run('cmake', ['-S', root, '-B', build, '-DWOODFISHER_TESTS=ON', ...options]);
  if (configured !== 0 && cached(build, 'WOODFISHER_SANITIZER_RUNS') === '') {
    console.log(`# ${title}: skipped, the compiler's sanitizer does not run here`);
    return;
  }
  if (!count.step(`${title} configure`, configured)) return;
  const built = run('cmake', ['--build', build, '--parallel', '2']);
  if (!count.step(`${title} compile without warnings`, built)) return;
  const shown = ['--output-on-failure', '--no-tests=error'];
  const ctest = ['--test-dir', build, '--parallel', '2', ...shown, ...select];
  const { output, code } = capture('ctest', ctest);
  const [, failed, all] = output.match(/(\d+) tests? failed out of (\d+)/) ?? [0, '1', '1'];
  const skipped = output.match(/\*\*\*Skipped/g)?.length ?? 0;
  count.add(Number(all) - Number(failed) - skipped, Number(failed));
  if (code !== 0 && Number(failed) === 0) count.add(0, 1);
}

/** The builds under sanitizers: `address` (with UBSan), `thread`. */
export function sanitizedTests(count, sanitizers) {
  for (const sanitizer of sanitizers) {
    const options = [`-DWOODFISHER_SANITIZE=${sanitizer}`, '-DCMAKE_BUILD_TYPE=RelWithDebInfo'];
    const title = `C++ tests under the ${sanitizer} sanitizer`;
    nativeTests(count, title, `sanitize-${sanitizer}`, options);
  }
}
