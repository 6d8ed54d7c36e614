const COUNT = new Intl.NumberFormat('en-US');

/** 1,234,567 */
export function count(n: number): string {
  return COUNT.format(n);
}

/** 90.00 % */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}

/** A setting as people write it: 0.01, 1e-5. */
export function setting(value: number): string {
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential() : String(value);
}

/** A number of any magnitude in four digits; a dash for none. */
export function scientific(value: number | null): string {
  if (value === null) return '–';
  return value === 0 ? '0' : value.toExponential(3);
}

/** A time span: 0.04 s, 12.34 s, 4:05 min, 2:03:09 h. */
export function seconds(value: number): string {
  if (value < 100) return `${value.toFixed(2)} s`;
  return `${duration(value)} ${value < 3600 ? 'min' : 'h'}`;
}

/** Minutes and seconds, and hours where there are any: 0:07, 12:34, 1:02:03. */
export function duration(value: number): string {
  const total = Math.ceil(value);
  const two = (n: number): string => String(n).padStart(2, '0');
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return `${minutes}:${two(total % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(total % 60)}`;
}
