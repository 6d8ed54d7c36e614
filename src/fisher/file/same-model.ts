import { WoodFisherError } from '../../errors.js';
import { quote } from '../../formats/errors.js';
import { firstDifference } from '../../memory/first-difference.js';
import type { StateSource } from './state-source.js';

/**
 * Refuses to add up states that are not of the same model at the same weights, pruned in the same
 * places and cut into the same blocks; the message names what differs.
 */
export async function requireSameModel(first: StateSource, other: StateSource): Promise<void> {
  const a = first.description;
  const b = other.description;
  const differ = (what: string, ours: unknown, theirs: unknown, parameter?: string): never => {
    const [mine, others] = [ours, theirs].map((value) => quote(String(value)));
    throw new WoodFisherError(
      'ERR_WOODFISHER_STATE',
      `${other.name} cannot be merged with ${first.name}: ${what} differs, ${others} and ${mine}`,
      { parameter, value: theirs },
    );
  };
  if (a.solver !== b.solver) differ('the solver', a.solver, b.solver);
  if (a.blockSize !== b.blockSize) differ('blockSize', a.blockSize, b.blockSize);
  if (a.blocks !== b.blocks) differ('blocks', a.blocks, b.blocks);
  if (a.examplesPerSample !== b.examplesPerSample) {
    differ('examplesPerSample', a.examplesPerSample, b.examplesPerSample);
  }
  const axes = [a, b].map(({ patternAxis }) => patternAxis ?? 'in');
  if (axes[0] !== axes[1]) differ('patternAxis', axes[0], axes[1]);
  const names = [a, b].map(({ parameters }) => parameters.map(({ name }) => name).join(', '));
  if (names[0] !== names[1]) differ('the list of prunable parameters', names[0], names[1]);
  for (const [index, { name, outputAxis }] of a.parameters.entries()) {
    const of = `of parameter ${quote(name)}`;
    const shape = first.shape(index);
    const otherShape = other.shape(index);
    if (`${shape}` !== `${otherShape}`) {
      differ(`the shape ${of}`, `[${shape}]`, `[${otherShape}]`, name);
    }
    const otherAxis = b.parameters[index].outputAxis;
    if (outputAxis !== otherAxis) differ(`outputAxis ${of}`, outputAxis, otherAxis, name);
    for (const kind of ['mask', 'weight'] as const) {
      const ours = await first.vector(kind, index);
      const theirs = await other.vector(kind, index);
      const at = await firstDifference(ours, theirs);
      if (at !== -1) differ(`${kind} ${at} ${of}`, ours[at], theirs[at], name);
    }
    const starts = [await first.starts(index), await other.starts(index)];
    const sameCut =
      starts[0].length === starts[1].length && (await firstDifference(starts[0], starts[1])) === -1;
    if (!sameCut) differ(`the cut into blocks ${of}`, 'one', 'another', name);
  }
}
