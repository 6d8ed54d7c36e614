// Formatter and linter of both languages. TypeScript: Biome. C++: clang-format here; the compiler's
// warnings as errors are its linter, in the strict build that scripts/test.mjs makes.
// With --fix, what can be mended is mended.
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from '@wasm-fmt/clang-format/node';
import { command, node, root } from './steps.mjs';

const fix = process.argv.includes('--fix');
const biome = node(command('biome'), fix ? ['check', '--write'] : ['check']);

const style = readFileSync(join(root, '.clang-format'), 'utf8');
const folders = ['native', 'bench/native'].map((folder) =>
  readdir(join(root, folder), { recursive: true, withFileTypes: true }),
);
const files = (await Promise.all(folders))
  .flat()
  .filter((entry) => entry.isFile() && /\.(h|cpp)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));
let misformatted = 0;
for (const file of files) {
  const source = readFileSync(file, 'utf8');
  const formatted = format(source, file, style);
  if (formatted === source) continue;
  if (fix) {
    writeFileSync(file, formatted);
    continue;
  }
  misformatted += 1;
  console.error(`${file}: not formatted; \`npm run format\` mends it`);
}
process.exit(biome === 0 && misformatted === 0 ? 0 : 1);
