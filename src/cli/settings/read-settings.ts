import { readWhole } from '../../formats/read-whole.js';
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
  const text = parseSettings(await readWhole(path, 'settings', MAX_SETTINGS_BYTES), path);
  return { settings: checkSettings(text), error: text.error };
}
