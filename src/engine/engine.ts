import { optionError, WoodFisherError } from '../errors.js';
import type { Kernels } from './kernels.js';
import { loadNative, nativeLoadFailures } from './native.js';

/** `auto`: native where a binary loads, else javascript with one warning. */
export type EngineOption = 'auto' | EngineName;
export type EngineName = 'native' | 'javascript';
export const ENGINE_OPTIONS: readonly EngineOption[] = ['auto', 'native', 'javascript'];

/** The engine a run uses, and why. */
export interface ChosenEngine {
  name: EngineName;
  /** Instruction set of the native kernels. */
  instructionSet?: string;
  reason: string;
}

let warned = false;

/** Decides which engine runs. An engine asked for by name and missing is an error. */
export function chooseEngine(option: EngineOption = 'auto'): ChosenEngine {
  if (!ENGINE_OPTIONS.includes(option)) {
    throw optionError('engine', `one of ${ENGINE_OPTIONS.join(', ')}`, option);
  }
  if (option === 'javascript') return { name: 'javascript', reason: 'asked for' };
  const native = loadNative();
  if (native !== undefined) {
    return {
      name: 'native',
      instructionSet: native.instructionSet(),
      reason: option === 'auto' ? 'a native binary is there' : 'asked for',
    };
  }
  if (option === 'native') {
    throw new WoodFisherError(
      'ERR_WOODFISHER_ENGINE',
      `engine "native" was asked for, but no binary could be loaded: ${listFailures()}. ` +
        'Compile it with `npx woodfisher build`, or use engine "javascript"',
      { option: 'engine', value: option },
      { cause: nativeLoadFailures()[0]?.error },
    );
  }
  warnOnce();
  return { name: 'javascript', reason: 'no native binary could be loaded' };
}

/** The kernels of an engine, in the thread that asks. */
export async function loadKernels(name: EngineName): Promise<Kernels> {
  if (name === 'javascript') return (await import('./javascript/index.js')).javascriptKernels;
  const native = loadNative();
  if (native === undefined) {
    throw new WoodFisherError('ERR_WOODFISHER_ENGINE', `no binary loads: ${listFailures()}`);
  }
  return native;
}

function listFailures(): string {
  return nativeLoadFailures()
    .map(({ path, error }) => `${path} (${firstLine(error)})`)
    .join('; ');
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}

function warnOnce(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    'woodfisher runs on its JavaScript engine, many times slower than the native one, because no ' +
      `native binary could be loaded: ${listFailures()}. \`npx woodfisher build\` compiles it`,
    { code: 'WOODFISHER_NO_NATIVE_BINARY' },
  );
}
