import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { temporaryFolder } from '../formats/temporary-folder.js';
import { runCli } from './run-cli.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HEADERS = dirname(dirname(process.execPath));

/** The package as it is installed, without a binary; its `woodfisher` command. */
async function installedPackage(folder: string): Promise<string> {
  for (const part of ['package.json', 'CMakeLists.txt', 'binding.gyp', 'native', 'dist/src']) {
    await mkdir(dirname(join(folder, part)), { recursive: true });
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'dist/src/cli/main.js');
}

test('binding.gyp builds a binary that loads, for hosts without CMake', async (t) => {
  // node-gyp would fetch Node's headers where they do not stand beside Node itself.
  if (!existsSync(join(HEADERS, 'include/node/common.gypi'))) {
    t.log(`no headers in ${HEADERS}/include/node: not tried`);
    return t.pass();
  }
  const folder = await temporaryFolder(t);
  const main = await installedPackage(folder);
  const env = { npm_config_nodedir: HEADERS, MAKEFLAGS: '-j2' };
  const built = await runCli(['build', '--with', 'node-gyp'], { env, main });
  t.is(built.code, 0, built.stderr);
  t.regex(built.stdout, /is built with node-gyp; instruction set \w+/);
  t.true(existsSync(join(folder, 'build/Release/woodfisher.node')));
});

test('without a compiler build says what to install, and --if-possible warns and succeeds', async (t) => {
  const env = { CXX: '/nonexistent/c++' };
  const failed = await runCli(['build'], { env });
  t.is(failed.code, 1);
  t.regex(failed.stderr, /no C\+\+ compiler was found \(tried \/nonexistent\/c\+\+\); install/);
  const warned = await runCli(['build', '--if-possible'], { env });
  t.is(warned.code, 0);
  t.regex(warned.stderr, /^warning: the native engine is not built: no C\+\+ compiler/);
});

test('code that does not compile fails, also with --if-possible', async (t) => {
  const folder = await temporaryFolder(t);
  const main = await installedPackage(folder);
  const source = join(folder, 'native/addon/module.cpp');
  await writeFile(source, `${await readFile(source, 'utf8')}\n#error broken on purpose\n`);
  const result = await runCli(['build', '--if-possible'], { main });
  t.is(result.code, 1);
  t.regex(result.stderr, /could not compile the native engine/);
});
