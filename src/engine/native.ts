import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Kernels } from './kernels.js';

/** The addon: the kernels, and what only native code can tell or do. */
export interface NativeAddon extends Kernels {
  /** Elements of 16 bits, at any alignment, as the float32 that they are exactly. */
  widenHalf(dtype: 'F16' | 'BF16', bytes: Uint8Array, out: Float32Array): void;
  /** Gives the array's memory pages back to the system; its contents are undefined afterwards. */
  releasePages(bytes: Uint8Array): boolean;
  /** Asks for large pages where the array's memory is touched from now on. */
  useLargePages(bytes: Uint8Array): boolean;
  /** Instruction sets this processor can run, widest first. */
  instructionSets(): string[];
  /** The one in use: the widest, or the one `WOODFISHER_INSTRUCTION_SET` names. */
  instructionSet(): string;
}

/** A file that was tried, and why it did not load. */
export interface LoadFailure {
  path: string;
  error: unknown;
}

let addon: NativeAddon | undefined;
let failures: LoadFailure[] | undefined;

/**
 * The native addon, or undefined where no binary loads ({@link nativeLoadFailures} tells why).
 * Looked for at `WOODFISHER_BINARY` alone where that is set, else in `build/Release` and in
 * `prebuilds/<platform>-<arch>` of the package. Loaded once per thread.
 */
export function loadNative(): NativeAddon | undefined {
  if (addon !== undefined || failures !== undefined) return addon;
  failures = [];
  const require = createRequire(import.meta.url);
  for (const path of candidatePaths()) {
    try {
      const loaded = require(path) as NativeAddon;
      loaded.instructionSet(); // throws where the environment asks for one that is not there
      addon = loaded;
      return addon;
    } catch (error) {
      failures.push({ path, error });
    }
  }
  return undefined;
}

/** What {@link loadNative} tried in vain. */
export function nativeLoadFailures(): readonly LoadFailure[] {
  loadNative();
  return failures ?? [];
}

function candidatePaths(): string[] {
  const given = process.env.WOODFISHER_BINARY;
  if (given) return [given];
  return [
    'build/Release/woodfisher.node',
    `prebuilds/${process.platform}-${process.arch}/woodfisher.node`,
  ].map((path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url)));
}
