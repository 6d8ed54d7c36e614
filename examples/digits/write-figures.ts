import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes figures, SVG texts by file name, into a folder, which is made where it is missing. */
export async function writeFigures(
  folder: string,
  figures: Iterable<readonly [name: string, svg: string]>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, svg] of figures) await writeFile(join(folder, name), `${svg}\n`);
}
