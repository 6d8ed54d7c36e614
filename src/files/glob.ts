import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatError } from '../formats/errors.js';

/**
 * The files that a path with `*` (any characters of a name) and `?` (one of them) stands for, sorted by
 * name, so that samples come in the same order on every machine. A path without either, or of a file that
 * really has such a name, stands for itself.
 *
 * @throws WoodFisherError `ERR_WOODFISHER_FORMAT` for a pattern that no file matches.
 */
export async function expandGlob(pattern: string): Promise<string[]> {
  if (!/[*?]/.test(pattern)) return [pattern];
  if ((await stat(pattern).catch(() => undefined)) !== undefined) return [pattern];
  const [first, ...rest] = pattern.split('/');
  let found = /[*?]/.test(first) ? await matching('.', first, '') : [first === '' ? '/' : first];
  for (const segment of rest.filter((text) => text !== '')) {
    const deeper = found.map((folder) =>
      /[*?]/.test(segment)
        ? matching(folder, segment, folder)
        : Promise.resolve([join(folder, segment)]),
    );
    found = (await Promise.all(deeper)).flat();
  }
  const there = await Promise.all(found.map((path) => stat(path).catch(() => undefined)));
  const files = found.filter((_, i) => there[i] !== undefined).sort();
  if (files.length === 0) throw formatError(pattern, 'no file matches');
  return files;
}

async function matching(folder: string, segment: string, prefix: string): Promise<string[]> {
  const pattern = segment
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const regex = new RegExp(`^${pattern}$`, 's');
  const names = await readdir(folder).catch(() => [] as string[]);
  const shown = names.filter((name) => segment.startsWith('.') || !name.startsWith('.'));
  return shown.filter((name) => regex.test(name)).map((name) => join(prefix, name));
}
