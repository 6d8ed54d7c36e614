import type { Command } from 'commander';

/** Does the work of a command; an error ends it with its message, and exit code 2 for a refused option. */
export async function tellErrors(command: Command, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { message } = error as Error;
    command.error(`error: ${message}`, { exitCode: error instanceof RangeError ? 2 : 1 });
  }
}
