import test from 'ava';
import {
  fillWords,
  parseGradientsCommand,
  parseLossCommand,
} from '../../../src/cli/jobs/job-command.js';
import { lastNumber } from '../../../src/cli/jobs/last-number.js';
import { splitWords } from '../../../src/cli/jobs/split-words.js';

for (const [text, words] of [
  ['python grads.py {weights}', ['python', 'grads.py', '{weights}']],
  ['  a\t b\n', ['a', 'b']],
  [`'a b' "c d" e\\ f`, ['a b', 'c d', 'e f']],
  [`--x='1 2'"3"`, ['--x=1 23']],
  [`"a \\" b \\\\ \\n" '\\'`, ['a " b \\ \\n', '\\']],
  [`'' ""`, ['', '']],
  ['$HOME; rm `x` | y', ['$HOME;', 'rm', '`x`', '|', 'y']],
] as const) {
  test(`the words of ${JSON.stringify(text)}`, (t) => {
    t.deepEqual(splitWords(text), [...words]);
  });
}

test('a quote that is not closed, and a last backslash, are refused', (t) => {
  t.throws(() => splitWords(`a "b`), { message: /the quote " at character 3 is not closed/ });
  t.throws(() => splitWords('a\\'), { message: /nothing behind the last backslash/ });
});

test('placeholders: what is needed, what is known, and not in the place of the program', (t) => {
  for (const [parse, text, message] of [
    [parseGradientsCommand, 'x {out}', /must have \{weights\}, \{out\} .* has no \{weights\}\./],
    [parseGradientsCommand, '', /has no \{weights\}, \{out\}\./],
    [parseGradientsCommand, 'x {weights} {out} {seed}', /\{seed\} stands for nothing; .*\{mask\}/],
    [
      parseGradientsCommand,
      '{weights} {out}',
      /first word must be a program, but is "\{weights\}"/,
    ],
    [parseGradientsCommand, `x '{weights} {out}`, /cut into words: the quote '/],
    [parseLossCommand, 'x', /must have \{weights\}/],
    [parseLossCommand, 'x {weights} {mask}', /\{mask\} stands for nothing/],
  ] as const) {
    t.throws(() => parse(text), { message });
  }
});

test('arguments go into their places, as single words whatever is in them', (t) => {
  const command = parseGradientsCommand(
    `x {weights} --out={out} {step}/{steps} '{"a": {}}' {weights}`,
  );
  const values = { weights: '/a b/$1', out: "o'", step: 2, steps: 16 };
  t.deepEqual(fillWords(command, values), [
    ...['x', '/a b/$1', "--out=o'", '2/16', '{"a": {}}', '/a b/$1'],
  ]);
});

for (const [text, number] of [
  ['0.25', 0.25],
  ['loading\nepoch 3\n-1.5e-05\n\n', -1.5e-5],
  ['nan', Number.NaN],
  ['inf\n', Number.POSITIVE_INFINITY],
  ['1.0 \r\n', 1],
  ['loss: 0.25', undefined],
  ['0.25\ndone', undefined],
  ['tensor(0.25)', undefined],
  ['', undefined],
  ['0x10', undefined],
] as const) {
  test(`the number on the last line of ${JSON.stringify(text)}`, (t) => {
    t.is(lastNumber(text), number);
  });
}
