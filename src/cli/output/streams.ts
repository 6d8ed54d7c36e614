/** Writes one event of --json: an object on a line of stdout. */
export function writeJson(event: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/**
 * A reader that goes away (`woodfisher … | head`) ends the output, not the run: what a run is for are
 * the files it writes.
 */
export function tolerateClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
