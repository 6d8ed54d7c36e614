import test from 'ava';
import { Meter } from '../../src/cli/output/meter.js';
import { count, duration, scientific, seconds, setting } from '../../src/cli/output/numbers.js';
import { filled } from '../../src/cli/output/progress-bar.js';
import { Throttle } from '../../src/cli/output/throttle.js';

const progress = (phase: string, done: number, total?: number) => {
  return { phase, done, total, unit: 'samples' };
};

test('the pace is that since the phase began, and gives the time left', (t) => {
  const meter = new Meter();
  t.is(meter.measure(progress('accumulate', 100, 1100), 0).text, '100/1,100 samples (9 %)');
  const { fraction, text } = meter.measure(progress('accumulate', 600, 1100), 2000);
  t.is(text, '600/1,100 samples (54 %) 250/s 0:02 left');
  t.is(fraction, 600 / 1100);
  t.is(meter.measure(progress('invert', 5, 10), 9000).text, '5/10 samples (50 %)');
});

test('an unknown total gives a count and a rate, an empty one is all done', (t) => {
  const meter = new Meter();
  meter.measure(progress('accumulate', 0), 0);
  t.deepEqual(meter.measure(progress('accumulate', 3000), 1000), {
    fraction: undefined,
    text: '3,000 samples 3,000/s',
  });
  t.is(meter.measure(progress('score', 0, 0)).fraction, 1);
});

test('a phase that begins again is measured again', (t) => {
  const meter = new Meter();
  meter.measure(progress('select', 90, 100), 0);
  t.is(meter.measure(progress('select', 10, 100), 5000).text, '10/100 samples (10 %)');
});

test('the bar is as wide empty as full', (t) => {
  for (const fraction of [0, 0.01, 0.5, 0.99, 1]) t.is(filled(fraction).length, 24);
  t.is(filled(0).trim(), '');
  t.is(filled(1), '█'.repeat(24));
});

test('the first event of a phase passes, further ones when it is time', (t) => {
  const throttle = new Throttle(1e9);
  t.deepEqual(
    ['a', 'a', 'b', 'b', 'a'].map((phase) => throttle.passes(phase)),
    [true, false, true, false, true],
  );
});

test('numbers read well', (t) => {
  t.is(count(1234567), '1,234,567');
  t.is(duration(7), '0:07');
  t.is(duration(3723), '1:02:03');
  t.is(seconds(0.042), '0.04 s');
  t.is(seconds(245), '4:05 min');
  t.is(scientific(null), '–');
  t.is(scientific(0), '0');
  t.deepEqual([100, 0.01, 1e-5].map(setting), ['100', '0.01', '1e-5']);
});
