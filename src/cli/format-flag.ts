import { InvalidArgumentError, Option } from 'commander';
import { type CompactFormat, parseFormat } from '../formats/compact/formats.js';

/** How tensors are stored in a compact file. */
export function formatFlag(about: string): Option {
  return new Option('--format <name>', about).argParser(readFormat).default('auto', 'auto');
}

function readFormat(text: string): CompactFormat {
  try {
    parseFormat(text);
    return text as CompactFormat;
  } catch {
    throw new InvalidArgumentError(
      'It must be auto, bitmask, csr, n:m, or a pattern such as 2:4, of up to 256 neighbours.',
    );
  }
}
