import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { WoodFisherError } from '../../errors.js';
import {
  BUILD_TOOLS,
  type BuildTool,
  buildCommand,
  chooseBuildTool,
} from '../compile/build-tools.js';
import { compilerCommands, hasCompiler, howToGetACompiler } from '../compile/find-compiler.js';
import { BINARY, tryBinary } from '../compile/try-binary.js';
import { EXIT_CODES_HELP } from '../exit-codes.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { type Run, runCommand } from '../run.js';

const SUMMARY = 'compile the native engine inside the installed package';

const DESCRIPTION =
  'Compiles the native engine inside the installed package, into build/Release, and checks that it ' +
  'loads. Without a native binary woodfisher runs on its JavaScript engine, with the same results but ' +
  'many times slower.';

const HELP = `
Needs a C++20 compiler, and CMake with make or Ninja, or else make and Python for node-gyp. cmake-js
comes with woodfisher and downloads nothing; node-gyp comes with npm and may download Node's headers.

Examples:
  npx woodfisher build
  npx woodfisher build --with node-gyp
${EXIT_CODES_HELP}`;

interface BuildFlags {
  with?: BuildTool;
  ifPossible?: boolean;
}

export function addBuildCommand(program: Command): void {
  program
    .command('build')
    .summary(SUMMARY)
    .description(DESCRIPTION)
    .addOption(
      new Option(
        '--with <tool>',
        'the build tool (default: cmake-js where CMake is there, else node-gyp)',
      ).choices(BUILD_TOOLS),
    )
    .option('--if-possible', 'without a compiler, warn and succeed')
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .action((flags: BuildFlags) => runCommand({}, (run) => build(flags, run)));
}

async function build(flags: BuildFlags, { reporter, signal }: Run): Promise<void> {
  const tool = flags.with ?? chooseBuildTool();
  let command: string[];
  try {
    requireCompiler();
    command = buildCommand(tool);
  } catch (error) {
    if (!flags.ifPossible || !(error instanceof WoodFisherError)) throw error;
    reporter.warning(`the native engine is not built: ${error.message}`);
    return;
  }
  await runTool(tool, command, signal);
  const instructionSet = await tryBinary();
  const built = { binary: BINARY, tool, instructionSet };
  reporter.done(built, () => `${BINARY} is built with ${tool}; instruction set ${instructionSet}`);
}

function requireCompiler(): void {
  if (hasCompiler()) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_ENGINE',
    `no C++ compiler was found (tried ${compilerCommands().join(', ')}); ${howToGetACompiler()}`,
  );
}

/** Runs a build tool in the package; its output, and the compiler's, is passed through. */
async function runTool(
  tool: BuildTool,
  command: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, command, {
    cwd: PACKAGE_ROOT,
    stdio: 'inherit',
    signal,
  });
  const [code]: unknown[] = await once(child, 'close');
  if (code === 0) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_ENGINE',
    `${tool} could not compile the native engine (exit code ${code}); its output above says why. ${tool === 'cmake-js' ? '`--with node-gyp`' : '`--with cmake-js`'} builds it the other way`,
  );
}
