import { InvalidArgumentError } from 'commander';
import { splitWords } from './split-words.js';

/** What the arguments of a job are called in its command: `{weights}`. */
export type Placeholder = 'weights' | 'mask' | 'out' | 'step' | 'steps' | 'samples';

/** A user's own program, with places for arguments in its words. */
export interface JobCommand {
  /** As it was given. */
  text: string;
  words: readonly string[];
}

/** Which arguments a job must have in its command, and which it may. */
interface PlaceholderRule {
  needed: readonly Placeholder[];
  allowed: readonly Placeholder[];
}

const OF_GRADIENTS: PlaceholderRule = {
  needed: ['weights', 'out'],
  allowed: ['mask', 'step', 'steps', 'samples'],
};

const OF_LOSS: PlaceholderRule = { needed: ['weights'], allowed: ['step', 'steps'] };

const PLACEHOLDER = /\{([A-Za-z_]+)\}/g;

/** The value of --gradients-command. */
export function parseGradientsCommand(text: string): JobCommand {
  return parseCommand(text, OF_GRADIENTS);
}

/** The value of --loss-command. */
export function parseLossCommand(text: string): JobCommand {
  return parseCommand(text, OF_LOSS);
}

/** Whether a command has a place for an argument. */
export function hasPlaceholder({ words }: JobCommand, name: Placeholder): boolean {
  return placeholdersOf(words).includes(name);
}

/** The words with arguments in their places. */
export function fillWords(
  { words }: JobCommand,
  values: Partial<Record<Placeholder, string | number>>,
): string[] {
  return words.map((word) =>
    word.replace(PLACEHOLDER, (_, name: Placeholder) => String(values[name])),
  );
}

function parseCommand(text: string, { needed, allowed }: PlaceholderRule): JobCommand {
  const words = wordsOf(text);
  const all = [...needed, ...allowed];
  const listed = (names: readonly string[]): string => names.map((name) => `{${name}}`).join(', ');
  const found = placeholdersOf(words);
  const unknown = found.find((name) => !all.some((known) => known === name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`{${unknown}} stands for nothing; there are ${listed(all)}.`);
  }
  const missing = needed.filter((name) => !found.includes(name));
  if (missing.length > 0) {
    throw new InvalidArgumentError(
      `It must have ${listed(needed)} among its words, but has no ${listed(missing)}.`,
    );
  }
  if (placeholdersOf(words.slice(0, 1)).length > 0) {
    throw new InvalidArgumentError(
      `Its first word must be a program, but is ${JSON.stringify(words[0])}.`,
    );
  }
  return { text, words };
}

function wordsOf(text: string): string[] {
  try {
    return splitWords(text);
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be cut into words: ${(error as Error).message}.`);
  }
}

function placeholdersOf(words: readonly string[]): string[] {
  return words.flatMap((word) => [...word.matchAll(PLACEHOLDER)].map(([, name]) => name));
}
