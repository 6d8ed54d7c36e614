import { dirname, isAbsolute, join } from 'node:path';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { WoodFisherError } from '../../errors.js';
import { usageError } from '../usage.js';
import type { SettingValue } from './check-settings.js';
import type { SettingsFile } from './read-settings.js';

export function addSettingsFlag(command: Command): Command {
  return command
    .optionsGroup('Input:')
    .option(
      '--settings <file>',
      'a .json, .yaml or .yml file of flags in camelCase (blockSize: 50); flags beside it go before it, and paths in it are relative to its folder',
    );
}

/**
 * The flags of a command, those of its settings file included where the command line does not have them.
 *
 * @param required Names of flags that must be there.
 */
export async function flagsOf<F>(command: Command, required: readonly string[]): Promise<F> {
  const { settings: path } = command.opts<{ settings?: string }>();
  if (path !== undefined) {
    try {
      // Few runs have such a file, and what checks it takes 0.1 s to load.
      const { readSettings } = await import('./read-settings.js');
      applySettings(command, await readSettings(path), dirname(path));
    } catch (error) {
      if (!(error instanceof WoodFisherError)) throw error;
      usageError(command, error.message);
    }
  }
  for (const option of command.options) {
    const name = option.attributeName();
    if (required.includes(name) && command.getOptionValue(name) === undefined) {
      usageError(command, `required option '${option.flags}' not specified`);
    }
  }
  return command.opts() as F;
}

/** Sets the options that a file has and that the command line does not have, or contradict. */
function applySettings(command: Command, { settings, error }: SettingsFile, folder: string): void {
  const given = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  const conflicting = (a: Option, b: Option): boolean =>
    conflictsOf(a).includes(b.attributeName()) || conflictsOf(b).includes(a.attributeName());
  const fromFile = command.options.filter(
    (option) =>
      (settings[option.attributeName()] ?? false) !== false &&
      !given.some((other) => other === option || conflicting(option, other)),
  );
  for (const [i, option] of fromFile.entries()) {
    const name = option.attributeName();
    const other = fromFile.slice(i).find((one) => conflicting(option, one));
    if (other !== undefined) {
      throw error(`${name} cannot be used with ${other.attributeName()}`, [name]);
    }
    try {
      const value = flagValue(option, settings[name], folder);
      command.setOptionValueWithSource(name, value, 'config');
    } catch (cause) {
      if (!(cause instanceof InvalidArgumentError)) throw cause;
      throw error(`${name}: ${cause.message}`, [name]);
    }
  }
}

function conflictsOf(option: Option): readonly string[] {
  return (option as Option & { conflictsWith: string[] }).conflictsWith;
}

/** A setting as commander gives the flag. */
function flagValue(option: Option, value: SettingValue, folder: string): unknown {
  const parse = (text: string, before?: unknown): unknown => {
    const argument = isPath(option, text) ? join(folder, text) : text;
    return option.parseArg === undefined ? argument : option.parseArg(argument, before);
  };
  if (typeof value === 'string') return parse(value);
  // Sizes in bytes are words on the command line.
  if (typeof value === 'number') return option.parseArg === undefined ? String(value) : value;
  if (!Array.isArray(value)) return value;
  return value.reduce<unknown>(
    (before, item) =>
      typeof item === 'string' ? parse(item, before) : [...((before ?? []) as []), item],
    undefined,
  );
}

/** Whether a text is a relative path: what the help calls a file or folder, and a pattern that is a file. */
function isPath(option: Option, text: string): boolean {
  if (isAbsolute(text)) return false;
  if (option.attributeName() === 'pattern') return text.endsWith('.json');
  return /<(file|folder)>/.test(option.flags);
}
