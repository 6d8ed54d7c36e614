import { readFile } from 'node:fs/promises';
import test from 'ava';

const root = new URL('../../../', import.meta.url);

test('the 25 lines of docs/from-pytorch.md are those that the example runs', async (t) => {
  const page = await readFile(new URL('docs/from-pytorch.md', root), 'utf8');
  const script = await readFile(new URL('examples/from-pytorch/save.py', root), 'utf8');
  const shown = /<!-- save.py begins -->\n```python\n(.*?)```\n<!-- save.py ends -->/s.exec(page);
  t.is(shown?.[1], script);
  t.true(script.trimEnd().split('\n').length <= 25);
});
