import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../../src/cli/package-root.js';
import { replaceFile } from '../../src/formats/replace-file.js';
import type { Parameter } from '../../src/index.js';

/** Where trained networks and results are kept, `bench/.cache` seen from `dist/bench/quality`. */
export const CACHE_FOLDER = fileURLToPath(new URL('../../../bench/.cache/', import.meta.url));

/** To be raised when `prune`, or this benchmark, gives other results for the same options. */
const RESULTS_VERSION = 2;

/** A name that differs where anything in `settings` differs. */
export function cacheKey(settings: unknown): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 24);
}

/** A name that differs where a weight differs. */
export function weightsKey(parameters: readonly Pick<Parameter, 'data'>[]): string {
  const hash = createHash('sha256');
  for (const { data } of parameters) hash.update(data);
  return hash.digest('hex').slice(0, 24);
}

/** The path of a kept file; its folder is there then. */
export async function cachedPath(folder: string, kind: string, name: string): Promise<string> {
  const parent = join(folder, kind);
  await mkdir(parent, { recursive: true });
  return join(parent, name);
}

/** Results as JSON files, one each, so that a run that was broken off goes on where it was. */
export class ResultCache<Result> {
  readonly #folder: string;
  readonly #fresh: boolean;

  /** @param options.fresh Reads nothing of what was kept by earlier runs. */
  constructor(folder: string, { fresh = false } = {}) {
    this.#folder = folder;
    this.#fresh = fresh;
  }

  async get(settings: unknown): Promise<Result | undefined> {
    if (this.#fresh) return undefined;
    const path = await this.#path(settings);
    try {
      return JSON.parse(await readFile(path, 'utf8')) as Result;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new Error(`${path} cannot be read; remove it, or use --fresh`, { cause: error });
    }
  }

  async set(settings: unknown, result: Result): Promise<void> {
    const path = await this.#path(settings);
    await replaceFile(path, async (handle) => {
      await handle.writeFile(`${JSON.stringify(result)}\n`);
    });
  }

  async #path(settings: unknown): Promise<string> {
    const version = { package: packageVersion(), results: RESULTS_VERSION };
    return await cachedPath(this.#folder, 'results', `${cacheKey({ version, settings })}.json`);
  }
}
