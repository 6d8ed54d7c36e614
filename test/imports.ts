import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** What each file or folder imports, types included. */
export type Imports = ReadonlyMap<string, ReadonlySet<string>>;

/** The imports between the TypeScript files below a folder, by their paths in it. */
export function importsBelow(folder: string): Imports {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return new Map(
    files.map((file) => [file, importsOf(file, readFileSync(join(folder, file), 'utf8'))]),
  );
}

/** The files that a source text imports, exports from, or loads later; those of packages left out. */
export function importsOf(file: string, text: string): Set<string> {
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const own = names.filter((name) => name.startsWith('.'));
  return new Set(own.map((name) => normalize(join(file, '..', name)).replace(/\.js$/, '.ts')));
}

/** The same between folders; files of the topmost stand for themselves. */
export function betweenFolders(imports: Imports): Imports {
  const folders = new Map<string, Set<string>>();
  for (const [file, imported] of imports) {
    const folder = file.split('/')[0];
    const others = [...imported].map((one) => one.split('/')[0]).filter((one) => one !== folder);
    folders.set(folder, new Set([...(folders.get(folder) ?? []), ...others]));
  }
  return folders;
}

/** A circle, its first member again at the end; empty where there is none. */
export function circleIn(imports: Imports): string[] {
  const free = new Set<string>();
  const way: string[] = [];
  const from = (name: string): string[] => {
    const before = way.indexOf(name);
    if (before !== -1) return [...way.slice(before), name];
    if (free.has(name)) return [];
    way.push(name);
    for (const imported of imports.get(name) ?? []) {
      const circle = from(imported);
      if (circle.length > 0) return circle;
    }
    way.pop();
    free.add(name);
    return [];
  };
  for (const name of imports.keys()) {
    const circle = from(name);
    if (circle.length > 0) return circle;
  }
  return [];
}
