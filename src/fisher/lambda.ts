/** λ: one for all, or one for each parameter. */
export type Lambda = number | readonly number[];

/** λ of a parameter. */
export function lambdaOf(lambda: Lambda, index: number): number {
  return typeof lambda === 'number' ? lambda : lambda[index];
}
