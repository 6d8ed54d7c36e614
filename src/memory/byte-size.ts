import { optionError } from '../errors.js';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};

/**
 * An amount of memory in bytes, from a number of bytes or from words such as '2GiB', '500 MB' or
 * '1.5gib' (KiB, MiB, GiB, TiB, PiB are powers of 1024; KB, MB, GB, TB, PB of 1000).
 *
 * @param option Name of the option, for the message.
 * @throws {WoodFisherError} `ERR_WOODFISHER_OPTION` for anything else, and below one byte.
 */
export function parseBytes(option: string, value: number | string): number {
  const bytes = typeof value === 'string' ? bytesOf(value) : value;
  if (typeof bytes !== 'number' || !Number.isFinite(bytes) || bytes < 1) {
    throw optionError(option, "a number of bytes of at least 1, or words such as '2GiB'", value);
  }
  return Math.floor(bytes);
}

/** 1023 B, 4.0 KiB, 384 MiB, 2.4 GiB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

function bytesOf(words: string): number {
  const [, digits, unit = 'b'] = words.match(/^\s*(\d+\.?\d*|\.\d+)\s*([a-z]+)?\s*$/i) ?? [];
  return Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
}
