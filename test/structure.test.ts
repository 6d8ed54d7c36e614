import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from '../src/cli/package-root.js';
import { betweenFolders, circleIn, importsBelow, importsOf } from './imports.js';

const imports = importsBelow(join(PACKAGE_ROOT, 'src'));

test('imports of files make no circle', (t) => {
  t.is(circleIn(imports).join(' -> '), '');
});

test('imports of folders make no circle', (t) => {
  t.is(circleIn(betweenFolders(imports)).join(' -> '), '');
});

test('what is imported is there', (t) => {
  const files = [...imports.values()].flatMap((imported) => [...imported]);
  t.true(files.length > imports.size);
  t.deepEqual(
    [...new Set(files)].filter((file) => !imports.has(file)),
    [],
  );
});

test('imports are seen in each of their forms', (t) => {
  const text = `
    import { a } from './a.js';
    import type { B } from '../b.js';
    import { type C, d } from '../other/c.js';
    export type { E } from './deep/e.js';
    export * from './f.js';
    const g = await import('./g.js');
    let h: import('./h.js').H;
    import { join } from 'node:path';`;
  t.deepEqual([...importsOf('some/file.ts', text)].toSorted(), [
    'b.ts',
    'other/c.ts',
    'some/a.ts',
    'some/deep/e.ts',
    'some/f.ts',
    'some/g.ts',
    'some/h.ts',
  ]);
});

test('a circle is told by its arrows, without what leads to it', (t) => {
  const arrows = (...pairs: [string, string][]) =>
    new Map(pairs.map(([from, to]) => [from, new Set([to])]));
  const round = arrows(['main.ts', 'a/b.ts'], ['a/b.ts', 'c/d.ts'], ['c/d.ts', 'a/b.ts']);
  t.deepEqual(circleIn(round), ['a/b.ts', 'c/d.ts', 'a/b.ts']);
  const folders = arrows(['a/b.ts', 'c/d.ts'], ['c/e.ts', 'a/f.ts']);
  t.deepEqual(circleIn(folders), []);
  t.deepEqual(circleIn(betweenFolders(folders)), ['a', 'c', 'a']);
});
