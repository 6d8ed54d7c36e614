import { setImmediate } from 'node:timers/promises';

/** Milliseconds after which the event loop has its turn. */
const TURN = 8;

/** The result of steps, done one after the other. */
export function atOnce<T>(steps: Generator<void, T>): T {
  let next = steps.next();
  while (!next.done) next = steps.next();
  return next.value;
}

/** The same with the event loop free between the steps. */
export async function inTurns<T>(steps: Generator<void, T>): Promise<T> {
  let began = performance.now();
  let next = steps.next();
  while (!next.done) {
    if (performance.now() - began > TURN) {
      await setImmediate();
      began = performance.now();
    }
    next = steps.next();
  }
  return next.value;
}
