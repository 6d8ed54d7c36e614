import ora from 'ora';
import { Meter } from './meter.js';
import type { ProgressDisplay } from './progress-display.js';

const WIDTH = 24;
/** Eighths of a cell, so that the bar moves smoothly. */
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A line on a terminal that is drawn again and again. */
export function progressBar(): ProgressDisplay {
  const meter = new Meter();
  // Leaves stdin alone: Ctrl-C has to arrive as a signal.
  const spinner = ora({ stream: process.stderr, discardStdin: false });
  return {
    show(progress) {
      const { fraction, text } = meter.measure(progress);
      const bar = fraction === undefined ? '' : `▕${filled(fraction)}▏ `;
      spinner.text = `${progress.phase.padEnd(10)} ${bar}${text}`;
      if (!spinner.isSpinning) spinner.start();
    },
    stop() {
      if (spinner.isSpinning) spinner.stop();
    },
  };
}

/** A bar of {@link WIDTH} cells. */
export function filled(fraction: number): string {
  const eighths = Math.round(fraction * WIDTH * 8);
  return ('█'.repeat(Math.floor(eighths / 8)) + PARTS[eighths % 8]).padEnd(WIDTH);
}
