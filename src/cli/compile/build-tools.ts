import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { WoodFisherError } from '../../errors.js';
import { PACKAGE_ROOT } from '../package-root.js';
import { runs } from './find-compiler.js';

/** cmake-js makes the full build, node-gyp the one for hosts without CMake. */
export const BUILD_TOOLS = ['cmake-js', 'node-gyp'] as const;
export type BuildTool = (typeof BUILD_TOOLS)[number];

/** The tool for this host. */
export function chooseBuildTool(): BuildTool {
  return runs('cmake') ? 'cmake-js' : 'node-gyp';
}

/** The tool as a script for this Node, and its arguments. */
export function buildCommand(tool: BuildTool): string[] {
  return tool === 'cmake-js' ? [cmakeJs(), 'build'] : [nodeGyp(), 'rebuild'];
}

/** The dependency's own command, which needs nothing from the network. */
function cmakeJs(): string {
  const require = createRequire(join(PACKAGE_ROOT, 'package.json'));
  try {
    const manifest = require.resolve('cmake-js/package.json');
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
    return join(dirname(manifest), bin['cmake-js']);
  } catch (cause) {
    throw new WoodFisherError(
      'ERR_WOODFISHER_ENGINE',
      'cmake-js, a dependency of woodfisher, is not installed; install woodfisher again, or use --with node-gyp',
      {},
      { cause },
    );
  }
}

/** The node-gyp that npm names or brings along. */
function nodeGyp(): string {
  const inNpm = (npm: string): string => join(npm, 'node_modules/node-gyp/bin/node-gyp.js');
  const { npm_config_node_gyp = '', npm_execpath = '' } = process.env;
  const prefix = dirname(dirname(process.execPath));
  const candidates = [
    npm_config_node_gyp,
    npm_execpath && inNpm(resolve(dirname(npm_execpath), '..')),
    inNpm(join(prefix, 'lib/node_modules/npm')),
    inNpm(join(dirname(process.execPath), 'node_modules/npm')), // Windows
  ].filter((path) => path !== '');
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new WoodFisherError(
    'ERR_WOODFISHER_ENGINE',
    `node-gyp was not found; tried ${candidates.join(', ')}. Install CMake, or run \`npm install --global node-gyp\` and set npm_config_node_gyp to its bin/node-gyp.js`,
  );
}
