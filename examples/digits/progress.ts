/** A line on the terminal that fills up; without a terminal only the last word is printed. */
export function progressBar(title: string, stream: NodeJS.WriteStream = process.stderr) {
  const width = 30;
  const start = performance.now();
  let shown = 0;
  const line = (done: number, text: string) => {
    const filled = Math.round(width * done);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    return `${title.padEnd(14)} ${bar} ${seconds} s  ${text}`;
  };
  return {
    update(done: number, loss: number): void {
      // Ten times a second is as often as the eye follows.
      if (!stream.isTTY || performance.now() - shown < 100) return;
      shown = performance.now();
      stream.write(`\r${line(done, `loss ${loss.toFixed(4)}`)}\x1b[K`);
    },
    end(text: string): void {
      stream.write(`${stream.isTTY ? '\r' : ''}${line(1, text)}${stream.isTTY ? '\x1b[K' : ''}\n`);
    },
  };
}
