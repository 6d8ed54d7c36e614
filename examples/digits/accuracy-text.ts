/** A share in percent, `97.52`. */
export function percent(share: number): string {
  return (100 * share).toFixed(2);
}

/** `97.52 ± 0.11`, in percent: a mean of shares with their standard deviation, or alone without one. */
export function accuracyText({ mean, sd }: { mean: number; sd: number | null }): string {
  return sd === null ? percent(mean) : `${percent(mean)} ± ${percent(sd)}`;
}
