// The C++ tests for arm64, compiled by GCC's cross compiler and run by qemu-user, some ten minutes
// long. All but those of time limits: the emulator is many times slower than a processor.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Count, nativeTests } from './native-tests.mjs';
import { root } from './steps.mjs';

const NEEDED = ['aarch64-linux-gnu-g++', 'qemu-aarch64'];

const missing = NEEDED.filter((program) => spawnSync(program, ['--version']).status !== 0);
if (missing.length > 0) {
  console.log(
    `Skipped: ${missing.join(' and ')} not found. On Debian: apt-get install g++-aarch64-linux-gnu qemu-user`,
  );
  process.exit(0);
}
const toolchain = `-DCMAKE_TOOLCHAIN_FILE=${join(root, 'cmake/aarch64.cmake')}`;
const options = [toolchain, '-DWOODFISHER_STRICT=ON', '-DCMAKE_BUILD_TYPE=Release'];
const count = new Count();
nativeTests(count, 'C++ tests for arm64', 'arm64', options, [
  '-R',
  '/baseline$',
  '-E',
  '^control/',
]);
count.finish();
