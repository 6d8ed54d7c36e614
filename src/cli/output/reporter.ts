import type { Failure } from '../failure.js';

/** How far a command is; the library's phases, and the command's own. */
export interface Progress {
  phase: string;
  done: number;
  /** undefined where it is not known beforehand. */
  total: number | undefined;
  unit: string;
}

/** Facts of an event, as JSON. */
export type Facts = Readonly<Record<string, unknown>>;

/** What a command says while it runs. Exactly one of `done` and `failed` comes last. */
export interface Reporter {
  progress(progress: Progress): void;
  /**
   * A fact that programs want as an event; people see `line`, or else find it in the summary. The line of
   * the progress is left free for other output.
   */
  note(event: string, facts: Facts, line?: string): void;
  warning(message: string, code?: string): void;
  /** `summary` is for people. */
  done(facts: Facts, summary: () => string): void;
  failed(failure: Failure): void;
}
