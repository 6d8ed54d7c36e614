import { WoodFisherError } from '../errors.js';
import { isFloatDtype } from '../formats/dtypes.js';
import { quote } from '../formats/errors.js';
import type { GradientSet } from './gradient-set.js';
import type { TensorInfo, TensorReader } from './tensor-reader.js';

type Named = Pick<GradientSet, 'path' | 'tensors'>;

/** Names that a message lists before it says how many more there are. */
const LISTED = 5;

/**
 * Checks a gradients file against a model by their headers alone: each prunable tensor of shape
 * [...shape] has gradients [N, ...shape] of the same name, N the same for all and at least 1.
 * Gradients of other tensors of the model may be there and are not looked at.
 *
 * @param exclude Gradients of these names need no tensor in the model.
 * @returns N
 * @throws WoodFisherError `ERR_WOODFISHER_MISSING`, `ERR_WOODFISHER_SHAPE`, `ERR_WOODFISHER_FORMAT`
 * or `ERR_WOODFISHER_SAMPLES`, naming the tensor.
 */
export function matchGradients(
  model: TensorReader,
  prunable: readonly TensorInfo[],
  gradients: Named,
  exclude: readonly RegExp[],
): number {
  requireAll(model, prunable, gradients);
  requireKnown(model, gradients, exclude);
  const counts = prunable.map((tensor) => samplesOf(tensor, gradients));
  const [first] = counts;
  const odd = counts.findIndex((count) => count !== first);
  if (odd !== -1) {
    const { name } = prunable[odd];
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `${gradients.path} must have the same number of samples for every tensor, but has ${first} for ${quote(prunable[0].name)} and ${counts[odd]} for ${quote(name)}`,
      { parameter: name, value: counts[odd] },
    );
  }
  if (first === 0) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SAMPLES',
      `${gradients.path} has no gradient samples: the first axis of its tensors is 0; the Fisher needs at least one sample`,
      { value: 0 },
    );
  }
  return first;
}

function requireAll(model: TensorReader, prunable: readonly TensorInfo[], gradients: Named): void {
  const missing = prunable.map(({ name }) => name).filter((name) => !gradients.tensors.has(name));
  if (missing.length === 0) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_MISSING',
    `${gradients.path} has no gradients for ${listed(missing)} of ${model.path}; leave ${missing.length === 1 ? 'it' : 'them'} out of pruning with ${excludeFlag(missing)}, or keep whatever has no gradients with --allow-missing`,
    { parameter: missing[0] },
  );
}

function requireKnown(model: TensorReader, gradients: Named, exclude: readonly RegExp[]): void {
  const unknown = [...gradients.tensors.keys()].filter(
    (name) => !model.tensors.has(name) && !exclude.some((regex) => regex.test(name)),
  );
  if (unknown.length === 0) return;
  throw new WoodFisherError(
    'ERR_WOODFISHER_MISSING',
    `${gradients.path} has gradients for ${listed(unknown)}, but ${model.path} has no such tensor${unknown.length === 1 ? '' : 's'}; if that is meant, ignore them with ${excludeFlag(unknown)}`,
    { parameter: unknown[0] },
  );
}

function samplesOf({ name, shape }: TensorInfo, gradients: Named): number {
  const found = gradients.tensors.get(name);
  const [samples, ...rest] = found?.shape ?? [];
  const fits = rest.length === shape.length && rest.every((axis, i) => axis === shape[i]);
  if (found === undefined || !fits) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `the gradients of tensor ${quote(name)}, of shape [${shape.join(', ')}], must be [samples, ${shape.join(', ')}], but in ${gradients.path} they are [${found?.shape.join(', ')}]`,
      { parameter: name, value: found?.shape },
    );
  }
  if (!isFloatDtype(found.dtype)) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_FORMAT',
      `the gradients of tensor ${quote(name)} must be F16, BF16, F32 or F64, but in ${gradients.path} they are ${found.dtype}`,
      { parameter: name, value: found.dtype },
    );
  }
  return samples;
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, LISTED).map(quote).join(', ');
  const what = names.length === 1 ? 'tensor' : `${names.length} tensors:`;
  return `${what} ${some}${names.length > LISTED ? ', …' : ''}`;
}

/** The flag that excludes exactly the names listed, ready for a shell. */
function excludeFlag(names: readonly string[]): string {
  const some = names.slice(0, LISTED).map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const pattern = some.length === 1 ? `^${some[0]}$` : `^(${some.join('|')})$`;
  return `--exclude '${pattern.replaceAll("'", "'\\''")}'`;
}
