/** Runs `work` and says how long it took, in seconds. */
export async function timed<T>(
  work: () => T | Promise<T>,
): Promise<{ result: T; seconds: number }> {
  const start = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000 };
}

/** Runs `work` without the garbage of what ran before, where Node lets that be collected (--expose-gc). */
export async function withoutGarbage<T>(work: () => Promise<T>): Promise<T> {
  globalThis.gc?.();
  return await work();
}
