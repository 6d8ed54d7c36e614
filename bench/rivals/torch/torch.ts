import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PACKAGE_ROOT } from '../../../src/cli/package-root.js';
import type { Contender, ContenderKind } from '../../contender.js';
import { noTorch, pythonWithTorch } from '../../python.js';
import { distinctSamples, type Workload } from '../../workload.js';

const run = promisify(execFile);

/** PyTorch's float32 recursions in the three published forms; each a Python file beside this one. */
export const torchRank1 = torch('torch-rank1', 'rank1.py', 'batched rank-1 steps (oBERT)');
export const torchPerBlock = torch(
  'torch-per-block',
  'per_block.py',
  'a block at a time (WoodFisher)',
);
export const torchMatrixFree = torch('torch-matrix-free', 'matrix_free.py', 'matrix-free (M-FAC)');

function torch(name: string, script: string, form: string): ContenderKind {
  return {
    name,
    title: `PyTorch ${form}, float32`,
    tolerance: 5e-2,
    unavailable: async () => ((await pythonWithTorch()) === undefined ? noTorch() : undefined),
    start: (workload) => TorchRun.create(script, workload),
  };
}

/** What the forms print. */
interface TorchTimes {
  seconds: number;
  threads: number;
  library: string;
}

class TorchRun implements Contender {
  readonly #python: string;
  readonly #script: string;
  readonly #folder: string;
  readonly #workload: Workload;
  #diagonal = new Float32Array(0);
  #threads = 1;
  #library = '';

  private constructor(python: string, script: string, folder: string, workload: Workload) {
    this.#python = python;
    this.#script = join(PACKAGE_ROOT, 'bench/rivals/torch', script);
    this.#folder = folder;
    this.#workload = workload;
  }

  static async create(script: string, workload: Workload): Promise<TorchRun> {
    const python = await pythonWithTorch();
    if (python === undefined) throw new Error(noTorch());
    const folder = await mkdtemp(join(tmpdir(), 'woodfisher-bench-'));
    const contender = new TorchRun(python, script, folder, workload);
    await writeFile(contender.#input, distinctSamples(workload));
    return contender;
  }

  get #input(): string {
    return join(this.#folder, 'samples');
  }

  async run() {
    const { weights, blockSize, samples, damping } = this.#workload;
    const output = join(this.#folder, 'diagonal');
    const job = { input: this.#input, output, weights, 'block-size': blockSize, samples, damping };
    const args = Object.entries(job).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const { stdout } = await run(this.#python, [this.#script, ...args]);
    const { seconds, threads, library } = JSON.parse(stdout) as TorchTimes;
    this.#threads = threads;
    this.#library = library;
    const bytes = await readFile(output);
    this.#diagonal = new Float32Array(new Uint8Array(bytes).buffer);
    return { sum: seconds, invert: 0 };
  }

  diagonal(): Float32Array {
    return this.#diagonal;
  }

  threads(): number {
    return this.#threads;
  }

  library(): string {
    return this.#library;
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
