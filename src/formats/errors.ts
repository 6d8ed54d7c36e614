import { type ErrorDetails, WoodFisherError } from '../errors.js';

/** Longest piece of a file's own text that a message repeats; hostile files hold names of megabytes. */
const QUOTED_CHARACTERS = 80;

/** `text` as a JSON string, cut to 80 characters, for messages. */
export function quote(text: string): string {
  return text.length <= QUOTED_CHARACTERS
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, QUOTED_CHARACTERS))}… (${text.length} characters)`;
}

/** ERR_WOODFISHER_FORMAT: `file` breaks a rule of its format, at a byte offset where one is known. */
export function formatError(
  file: string,
  problem: string,
  details: ErrorDetails = {},
  cause?: unknown,
): WoodFisherError {
  const where = details.offset === undefined ? '' : ` (at byte ${details.offset})`;
  return new WoodFisherError(
    'ERR_WOODFISHER_FORMAT',
    `${file}: ${problem}${where}`,
    details,
    cause === undefined ? {} : { cause },
  );
}

/** ERR_WOODFISHER_OUTPUT: `file` could not be written; what was there before is untouched. */
export function outputError(
  file: string,
  problem: string,
  details: ErrorDetails = {},
  cause?: unknown,
): WoodFisherError {
  return new WoodFisherError(
    'ERR_WOODFISHER_OUTPUT',
    `${file} is not written: ${problem}`,
    details,
    cause === undefined ? {} : { cause },
  );
}
