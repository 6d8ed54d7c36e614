import { type Command, CommanderError } from 'commander';
import { EXIT } from './exit-codes.js';
import { tolerateClosedOutput, writeJson } from './output/streams.js';

/** Ends a command whose line is wrong. */
export function usageError(command: Command, message: string): never {
  return command.error(`error: ${message}`, { exitCode: EXIT.usage, code: 'woodfisher.usage' });
}

/** Parses the arguments and runs the command; a command line that is wrong sets the exit code. */
export async function parseCommandLine(program: Command, argv: readonly string[]): Promise<void> {
  tolerateClosedOutput();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end this way too, with 0. The message has been written.
    if (error.exitCode === 0) return;
    process.exitCode = EXIT.usage;
    if (argv.includes('--json')) {
      const message = error.message.replace(/^error: /, '');
      writeJson({ event: 'error', code: 'ERR_WOODFISHER_USAGE', message });
    }
  }
}
