import { WoodFisherError } from '../../errors.js';
import { formatError } from '../../formats/errors.js';
import { openRegular } from '../../formats/open-regular.js';
import { readFully } from '../../formats/safetensors/positioned-read.js';
import { checkSettings, type Settings } from './check-settings.js';
import { parseSettings, type SettingsText } from './parse-settings.js';

/** Bytes of a settings file at most: costs and sparsities of thousands of tensors. */
export const MAX_SETTINGS_BYTES = 64 * 1024;

/** What a settings file says. */
export interface SettingsFile extends Pick<SettingsText, 'error'> {
  settings: Settings;
}

/**
 * Reads and checks a settings file.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT`
 */
export async function readSettings(path: string): Promise<SettingsFile> {
  const text = parseSettings(await readAll(path), path);
  return { settings: checkSettings(text), error: text.error };
}

async function readAll(path: string): Promise<Uint8Array> {
  try {
    await using handle = await openRegular(path);
    const stats = await handle.stat();
    if (stats.size > MAX_SETTINGS_BYTES) {
      throw formatError(
        path,
        `settings take at most ${MAX_SETTINGS_BYTES} bytes, but these have ${stats.size}`,
      );
    }
    const bytes = new Uint8Array(stats.size);
    await readFully(handle, bytes, 0, path);
    return bytes;
  } catch (error) {
    if (error instanceof WoodFisherError) throw error;
    throw formatError(path, `cannot be read: ${(error as Error).message}`, {}, error);
  }
}
