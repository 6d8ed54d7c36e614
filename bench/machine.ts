import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../src/cli/package-root.js';
import { defaultThreads } from '../src/pool/threads.js';

const run = promisify(execFile);

/** What a processor can do at most, measured. */
export interface Peak {
  instructionSet: string;
  threads: number;
  /** Float64 multiply-adds, each counted as two. */
  flopsOneThread: number;
  flopsAllThreads: number;
}

interface Bandwidth {
  /** Reading an array that no cache holds, all threads. */
  readBytesPerSecond: number;
}

/** The machine the figures are from. */
export interface Machine extends Peak, Bandwidth {
  processor: string;
  /** Version of Node.js. */
  node: string;
}

/** Measures the machine; the program that does it is compiled when it is not there yet. */
export class PeakProgram {
  readonly #path: string;
  readonly #quick: boolean;

  private constructor(path: string, quick: boolean) {
    this.#path = path;
    this.#quick = quick;
  }

  /**
   * Compiles bench/native by CMake into build/bench.
   * @throws {Error} with CMake's own output where that fails.
   */
  static async build({ quick }: { quick: boolean }): Promise<PeakProgram> {
    const folder = join(PACKAGE_ROOT, 'build/bench');
    const options = ['-DWOODFISHER_BENCH=ON', '-DCMAKE_BUILD_TYPE=Release'];
    await cmake(['-S', PACKAGE_ROOT, '-B', folder, ...options]);
    await cmake(['--build', folder, '--config', 'Release', '--target', 'woodfisher-peak']);
    const places = ['', 'Release'].map((config) => join(folder, 'bench/native', config, PROGRAM));
    const path = places.find((place) => existsSync(place));
    if (path === undefined) throw new Error(`CMake made no ${PROGRAM} in ${folder}`);
    return new PeakProgram(path, quick);
  }

  /** All there is to know about the machine; a second or two. */
  async machine(): Promise<Machine> {
    const mebibytes = this.#quick ? 64 : 1024;
    const measured = await this.#measure<Bandwidth>(this.#quick ? 0.05 : 0.5, mebibytes);
    return { processor: cpus()[0]?.model ?? 'unknown', node: process.version, ...measured };
  }

  /** The arithmetic peak of this moment, for the figures of a case that runs beside it. */
  async now(): Promise<Peak> {
    return await this.#measure(this.#quick ? 0.02 : 0.2);
  }

  async #measure<Also = unknown>(seconds: number, mebibytes?: number): Promise<Peak & Also> {
    const args = [defaultThreads(), seconds, ...(mebibytes === undefined ? [] : [mebibytes])];
    const { stdout } = await run(this.#path, args.map(String));
    return JSON.parse(stdout) as Peak & Also;
  }
}

const PROGRAM = process.platform === 'win32' ? 'woodfisher-peak.exe' : 'woodfisher-peak';

async function cmake(args: string[]): Promise<void> {
  try {
    await run('cmake', args, { maxBuffer: 2 ** 26 });
  } catch (cause) {
    const { message, stdout = '', stderr = '' } = cause as Error & Record<string, string>;
    throw new Error(
      `the program that measures the peak cannot be built (cmake ${args[0]}): ${message}\n${stdout}${stderr}`,
      { cause },
    );
  }
}
