import type { CaseResult, FigureResult } from './result.js';

type Measured = Omit<CaseResult, 'figures'>;

/** A figure that a case is to reach. */
interface Figure {
  title: string;
  atLeast?: number;
  atMost?: number;
  unit: keyof typeof FORMATS;
  reached(result: Measured): number | undefined;
}

const FORMATS = {
  share: (value: number): string => `${(100 * value).toFixed(1)} %`,
  times: (value: number): string => `${value.toPrecision(3)}×`,
  seconds: (value: number): string => `${value.toFixed(2)} s`,
  error: (value: number): string => (value === 0 ? '0' : value.toExponential(1)),
  bytes: (value: number): string => `${Math.round(value / 1e6)} MB`,
} as const;

const ofPeak = (atLeast: number): Figure => ({
  title: 'of the float64 peak',
  atLeast,
  unit: 'share',
  reached: ({ fractionOfPeak }) => fractionOfPeak,
});

const ratio = (rival: string, atLeast: number): Figure => ({
  title: `faster than ${rival}`,
  atLeast,
  unit: 'times',
  reached: ({ ratios }) => ratios[rival],
});

const ofSize = (smaller: string, atMost: number): Figure => ({
  title: `time per weight at 1e7 by that at ${smaller}`,
  atMost,
  unit: 'times',
  reached: ({ values }) => values.secondsPerWeight1e7 / values[`secondsPerWeight${smaller}`],
});

/** What is wanted on two threads, by case. */
const FIGURES: Readonly<Record<string, readonly Figure[]>> = {
  'gram-50': [ofPeak(0.45), ratio('torch-rank1', 100)],
  'gram-128': [ofPeak(0.65)],
  'gram-512': [ofPeak(0.65)],
  'inverse-50': [
    {
      title: 'of the time of the Gram sums',
      atMost: 0.15,
      unit: 'share',
      reached: ({ values }) => values.invertSeconds / values.sumSeconds,
    },
  ],
  'dual-2000': [ofPeak(0.6), ratio('torch-per-block', 250), ratio('torch-matrix-free', 15)],
  digits: [
    ratio('javascript', 15),
    {
      title: 'the JavaScript engine',
      atMost: 10,
      unit: 'seconds',
      reached: ({ rivals }) => rivals.find(({ name }) => name === 'javascript')?.seconds,
    },
  ],
  threads: [
    {
      title: 'from one thread to two',
      atLeast: 1.85,
      unit: 'times',
      reached: ({ values }) => values.speedup,
    },
  ],
  resident: [ofSize('1e6', 1.1), ofSize('1e5', 1.25)],
};

/** What is wanted of every case. */
function everywhere({ peakBytesLimit }: Measured): Figure[] {
  return [
    { title: 'error of D', atMost: 1e-6, unit: 'error', reached: ({ error }) => error },
    {
      title: 'peak memory',
      atMost: peakBytesLimit,
      unit: 'bytes',
      reached: ({ peakBytes }) => peakBytes,
    },
  ];
}

/** The figures of a case beside those wanted; not judged at the sizes of `quick`. */
export function judge(result: Measured, { quick }: { quick: boolean }): FigureResult[] {
  return [...(FIGURES[result.name] ?? []), ...everywhere(result)].map((figure) => {
    const value = figure.reached(result);
    const reached = value === undefined || Number.isNaN(value) ? null : value;
    const text = FORMATS[figure.unit];
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = figure;
    return {
      title: figure.title,
      wanted: figure.atLeast === undefined ? `≤ ${text(atMost)}` : `≥ ${text(atLeast)}`,
      reached,
      reachedText: reached === null ? '–' : text(reached),
      ok: reached === null || quick ? null : reached >= atLeast && reached <= atMost,
    };
  });
}
