/** Runs `work` and says how long it took, in seconds. */
export async function timed<T>(
  work: () => T | Promise<T>,
): Promise<{ result: T; seconds: number }> {
  const start = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000 };
}
