import { spawnSync } from 'node:child_process';

/** Whether a program is there and runs. */
export function runs(program: string, ...args: string[]): boolean {
  // On macOS a compiler's command is there without the compiler, so that only running it tells.
  return spawnSync(program, [...args, '--version'], { stdio: 'ignore' }).status === 0;
}

/** Commands of C++ compilers, as the build tools look for them. */
export function compilerCommands(): string[] {
  const { CXX } = process.env;
  return CXX ? [CXX] : ['c++', 'g++', 'clang++'];
}

/** Whether there is a C++ compiler. Visual Studio's is found by the build tools alone. */
export function hasCompiler(): boolean {
  if (process.platform === 'win32') return true;
  return compilerCommands().some((command) => {
    const [program, ...args] = command.trim().split(/\s+/); // CXX may be "ccache g++"
    return runs(program, ...args);
  });
}

/** What to install, in the words of the platform. */
export function howToGetACompiler(): string {
  switch (process.platform) {
    case 'darwin':
      return 'install one with `xcode-select --install`';
    case 'win32':
      return 'install Visual Studio Build Tools with "Desktop development with C++"';
    default:
      return 'install g++ 11 or clang 14, or later, with make and CMake: `apt-get install g++ make cmake` on Debian and Ubuntu, `dnf install gcc-c++ make cmake` on Fedora, `apk add g++ make cmake` on Alpine';
  }
}
