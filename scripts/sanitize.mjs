// The C++ tests under AddressSanitizer with UBSan, and under ThreadSanitizer; a few minutes each.
import { join } from 'node:path';
import { root, run } from './steps.mjs';

for (const sanitizer of ['address', 'thread']) {
  const build = join(root, 'build', `sanitize-${sanitizer}`);
  const options = [`-DWOODFISHER_SANITIZE=${sanitizer}`, '-DWOODFISHER_TESTS=ON'];
  const steps = [
    ['cmake', ['-S', root, '-B', build, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', ...options]],
    ['cmake', ['--build', build, '--parallel', '2']],
    ['ctest', ['--test-dir', build, '--output-on-failure']],
  ];
  for (const [program, args] of steps) {
    const code = run(program, args);
    if (code !== 0) process.exit(code);
  }
}
