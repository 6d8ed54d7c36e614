/** What Python and JavaScript print for numbers that are not finite. */
const NOT_FINITE: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
  '-infinity': Number.NEGATIVE_INFINITY,
};

/** The number on the last line of a text that is not empty; undefined where that is something else. */
export function lastNumber(text: string): number | undefined {
  const line = lastLine(text);
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(line)) return Number(line);
  return NOT_FINITE[line.toLowerCase()];
}

/** The last line that is not empty; '' where there is none. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
