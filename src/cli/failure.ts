import { type ErrorDetails, WoodFisherError } from '../errors.js';
import { refusalMessage, type SettingNames } from '../plan/require-memory.js';

/** An error as the command line reports it. */
export interface Failure {
  code: string;
  /** One line. */
  message: string;
  /** What the error is about, as far as it is known. */
  details: Omit<ErrorDetails, 'value'>;
  /** Where in the code it arose. */
  stack: string | undefined;
}

export function failureOf(error: unknown): Failure {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof WoodFisherError) {
    // The value may be of any size and type; the message shows as much of it as is useful.
    const { value: _, ...details } = error.details;
    return { code: error.code, message: oneLine(inFlags(error)), details, stack };
  }
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return {
    code: code ?? 'ERR_WOODFISHER_INTERNAL',
    message: oneLine(message ?? String(error)),
    details: {},
    stack,
  };
}

/** What a user of the command line can change of a run that does not fit. */
const MEMORY_FLAGS: SettingNames = {
  memoryLimit: '--memory-limit',
  blockSize: '--block-size',
  solver: '--solver',
};

/** The message with the option's name as it is on the command line: `--block-size` for `blockSize`. */
function inFlags({ message, code, details: { option, memory } }: WoodFisherError): string {
  if (memory !== undefined) return refusalMessage(memory, MEMORY_FLAGS);
  const ours = code === 'ERR_WOODFISHER_OPTION' && option !== undefined;
  if (!ours || !message.startsWith(`${option} `)) return message;
  const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${flag}${message.slice(option.length)}`;
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, ' ');
}
