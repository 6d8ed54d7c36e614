/**
 * Several charts in one: rows from top to bottom, the charts of a row beside each other, each in its
 * own size.
 *
 * @param rows SVG texts that begin with `<svg …>` with a width and a height in pixels.
 * @throws {Error} for a text that does not.
 */
export function tile(rows: readonly (readonly string[])[]): string {
  let height = 0;
  let width = 0;
  const placed: string[] = [];
  for (const row of rows) {
    let x = 0;
    let tallest = 0;
    for (const svg of row) {
      const size = sizeOf(svg);
      placed.push(svg.replace('<svg ', `<svg x="${x}" y="${height}" `));
      x += size.width;
      tallest = Math.max(tallest, size.height);
    }
    width = Math.max(width, x);
    height += tallest;
  }
  const box = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>${placed.join('')}</svg>`;
}

function sizeOf(svg: string): { width: number; height: number } {
  const [opening] = svg.match(/^<svg [^>]*>/) ?? [];
  const number = (name: string): number =>
    Number(opening?.match(new RegExp(` ${name}="([\\d.]+)"`))?.[1]);
  const size = { width: number('width'), height: number('height') };
  if (size.width > 0 && size.height > 0) return size;
  throw new Error(
    `a chart must begin with <svg …>, with width and height, but begins ${svg.slice(0, 60)}`,
  );
}
