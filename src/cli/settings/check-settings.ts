import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { quote } from '../../formats/errors.js';
import { PACKAGE_ROOT } from '../package-root.js';
import type { SettingsText } from './parse-settings.js';

/** Settings by key: the flags of prune, plan and stats, in camelCase. */
export type Settings = Readonly<Record<string, SettingValue>>;
export type SettingValue =
  | string
  | number
  | boolean
  | readonly (string | number)[]
  | Readonly<Record<string, number>>;

interface SettingsSchema {
  properties: Readonly<Record<string, { title: string }>>;
}

let known: { schema: SettingsSchema; validate: ValidateFunction<Settings> } | undefined;

/**
 * The settings that a file has, checked by schemas/settings.schema.json.
 *
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT`, with the key, the rule, the value and its place.
 */
export function checkSettings({ values, error }: SettingsText): Settings {
  const { schema, validate } = schemaOf();
  if (validate(values)) return values;
  const [first] = validate.errors ?? [];
  const { problem, keys } = inWords(first, values, schema);
  throw error(problem, keys);
}

function schemaOf(): NonNullable<typeof known> {
  if (known !== undefined) return known;
  const path = join(PACKAGE_ROOT, 'schemas/settings.schema.json');
  const schema = JSON.parse(readFileSync(path, 'utf8')) as SettingsSchema & object;
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  known = { schema, validate: ajv.compile<Settings>(schema) };
  return known;
}

function inWords(
  { keyword, instancePath, params }: ErrorObject,
  values: unknown,
  { properties }: SettingsSchema,
): { problem: string; keys: string[] } {
  const keys = instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const [key] = keys;
  if (key === undefined) {
    if (keyword !== 'additionalProperties') {
      return { problem: `must hold settings by name, but is ${shown(values)}`, keys };
    }
    const { additionalProperty: name } = params as { additionalProperty: string };
    return { problem: unknownKey(name, Object.keys(properties)), keys: [name] };
  }
  const value = keys.reduce((of, each) => (of as Record<string, unknown>)[each], values);
  const what = keys.length > 1 ? ` at ${quote(keys.slice(1).join('/'))}` : '';
  return {
    problem: `${key} must be ${properties[key].title}, but is ${shown(value)}${what}`,
    keys,
  };
}

function unknownKey(name: string, names: readonly string[]): string {
  const same = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '');
  const meant = names.find((one) => same(one) === same(name));
  const hint =
    meant === undefined ? 'they are the flags of woodfisher prune, in camelCase' : `it is ${meant}`;
  return `there is no setting ${quote(name)}; ${hint}`;
}

/** A value for messages. */
function shown(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a mapping';
  return String(value);
}
