import { endianness } from 'node:os';
import { WoodFisherError } from '../errors.js';

/**
 * Refuses big-endian hosts: safetensors are little-endian, and this package reads them through typed
 * arrays, which follow the host.
 */
export function requireLittleEndian(host: 'LE' | 'BE' = endianness()): void {
  if (host === 'LE') return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_FORMAT',
    'safetensors files are little-endian and cannot be read or written on this big-endian host; use a little-endian one',
    { value: host },
  );
}
