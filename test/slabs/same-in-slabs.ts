import { join } from 'node:path';
import test from 'ava';
import { ENGINES } from '../engines.js';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { seeded } from '../random.js';
import { compare } from './compare.js';
import { type Asked, type ProblemSettings, writeProblem } from './problem.js';

/**
 * A test for each method and engine that many slabs, and one, give what memory gives.
 *
 * @param methods What each method asks for beside `common`, by title.
 * @param share Of the memory for many slabs; see planOf.
 */
export function sameInSlabs(
  methods: Readonly<Record<string, Partial<Asked>>>,
  common: Asked,
  settings: ProblemSettings,
  share: number,
): void {
  for (const engine of ENGINES) {
    for (const [title, method] of Object.entries(methods)) {
      test(`slabs give what memory gives: ${title} (${engine})`, async (t) => {
        const folder = await temporaryFolder(t);
        await using problem = await writeProblem(folder, settings, seeded(title.length));
        const asked = { ...common, ...method, engine };
        const many = await compare(t, problem, asked, share, join(folder, 'many'));
        t.true(many > 3, `${many} slabs`);
        await compare(t, problem, asked, 1, join(folder, 'one'));
      });
    }
  }
}
