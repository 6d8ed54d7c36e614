// Prints the answers to all extreme problems by the native engine, with the instruction set that
// the environment names.
import { type Answers, EXTREME_PROBLEMS, solve } from './extreme-problems.js';

const answers: Answers[] = [];
for (const problem of EXTREME_PROBLEMS) answers.push(await solve(problem, 'native'));
console.log(JSON.stringify(answers));
