import type { ExecutionContext } from 'ava';
import { instructionSets } from './instruction-sets.js';
import { nativeTest } from './native-only.js';
import {
  type Answers,
  EXTREME_PROBLEMS,
  type ExtremeProblem,
  solve,
} from './programs/extreme-problems.js';
import { resultOf, runProgram } from './run-program.js';

const FLOAT32_UNIT = 2 ** -24;

/** What the design promises for D. */
const WITHIN = 1e-6;

function checkAnswers(
  t: ExecutionContext,
  { title, solver, damping }: ExtremeProblem,
  actual: Answers,
  expected: Answers,
): void {
  const about = `${title}, ${solver}`;
  const close = (a: number, b: number, scale: number, within: number, what: string): void => {
    t.true(Math.abs(a - b) <= within * scale, `${about}, ${what}: ${a}, not ${b}`);
  };
  expected.diagonal.forEach((d, i) => {
    close(actual.diagonal[i], d, d, WITHIN, `D of weight ${i}`);
    if (title === 'no gradient at all' || (title.startsWith('every fifth') && i % 5 === 0)) {
      close(actual.diagonal[i], 1 / damping, 1 / damping, 2 ** -50, `D of weight ${i}`);
    }
  });
  t.deepEqual(actual.mask, expected.mask, about);
  expected.weights.forEach((weights, rule) => {
    const largest = Math.max(...weights.map(Math.abs));
    weights.forEach((w, i) => {
      close(actual.weights[rule][i], w, largest, 4 * FLOAT32_UNIT, `rule ${rule}, weight ${i}`);
    });
  });
  expected.quadratic.forEach((change, rule) => {
    close(actual.quadratic[rule], change, change, WITHIN, `loss change by rule ${rule}`);
  });
}

for (const { name, env } of instructionSets) {
  nativeTest(`extreme problems have the answers of the JavaScript engine (${name})`, async (t) => {
    const answers = await resultOf<Answers[]>('solve-extreme-problems', [], { env });
    for (const [i, problem] of EXTREME_PROBLEMS.entries()) {
      t.is(answers[i].instructionSet, name);
      checkAnswers(t, problem, answers[i], await solve(problem, 'javascript'));
    }
  });
}

nativeTest('an instruction set that is not here is refused by name', async (t) => {
  const env = { WOODFISHER_INSTRUCTION_SET: 'sse9' };
  const { code, stderr } = await runProgram('solve-extreme-problems', [], { env });
  t.is(code, 1);
  t.regex(stderr, /WOODFISHER_INSTRUCTION_SET must be one that this processor has \(.*baseline\)/);
  t.regex(stderr, /but is "sse9"/);
});
