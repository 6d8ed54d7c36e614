import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WoodFisherError } from '../../errors.js';
import { PACKAGE_ROOT } from '../package-root.js';

/** What the build tools make. */
export const BINARY = join(PACKAGE_ROOT, 'build/Release/woodfisher.node');

const LOADER = new URL('../../engine/native.js', import.meta.url).href;

const SCRIPT = `
const { loadNative, nativeLoadFailures } = await import(${JSON.stringify(LOADER)});
const addon = loadNative();
if (addon === undefined) throw nativeLoadFailures()[0].error;
process.stdout.write(addon.instructionSet());
`;

/**
 * Loads the binary in a process of its own, which a broken one may bring down.
 *
 * @returns The instruction set it runs with here.
 * @throws WoodFisherError `ERR_WOODFISHER_ENGINE`
 */
export async function tryBinary(): Promise<string> {
  const env = { ...process.env, WOODFISHER_BINARY: BINARY };
  const args = ['--input-type=module', '--eval', SCRIPT];
  try {
    return (await promisify(execFile)(process.execPath, args, { env })).stdout;
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string };
    const reason = stderr.split('\n').find((line) => /Error: /.test(line)) ?? message;
    throw new WoodFisherError(
      'ERR_WOODFISHER_ENGINE',
      `${BINARY} was built, but does not load: ${reason}`,
      {},
      { cause },
    );
  }
}
