import { FileSource } from './file-source.js';
import type { StateSource } from './state-source.js';

/** Opens sources that are files, calls `use` with all of them in order, and closes the files. */
export async function withSources<F extends object, T>(
  given: readonly (string | F)[],
  live: (fisher: F) => Promise<StateSource>,
  use: (sources: StateSource[]) => Promise<T>,
): Promise<T> {
  const files: FileSource[] = [];
  const sources: StateSource[] = [];
  try {
    for (const one of given) {
      if (typeof one === 'string') {
        const file = await FileSource.open(one);
        files.push(file);
        sources.push(file);
      } else sources.push(await live(one));
    }
    return await use(sources);
  } finally {
    await Promise.all(files.map((file) => file[Symbol.asyncDispose]()));
  }
}
