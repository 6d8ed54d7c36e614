import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type * as tfTypes from '@tensorflow/tfjs';
import pLimit from 'p-limit';
import { optionError, WoodFisherError } from '../../errors.js';
import { BUILDS, type Build, type FailedBuild, reasonOf } from './attempts.js';

/** What is done to get a module; the test puts a module of its own in its place. */
export type ImportModule = (name: string) => Promise<unknown>;

export interface LoadedTensorFlow {
  /** All of the build, as `import * as tf` gives it. */
  tf: typeof tfTypes;
  package: string;
  backend: Build['backend'];
  /** The builds before it in the order, and why they were passed over. */
  failed: FailedBuild[];
  /** All of this in a line for people. */
  summary: string;
}

/** Loads of the process at one time: a backend that is started twice at once does not start. */
const loads = pLimit(1);

/**
 * The fastest build of TensorFlow.js that runs here: `@tensorflow/tfjs-node-gpu`, `tfjs-node`, `tfjs` with
 * `@tensorflow/tfjs-backend-wasm`, `tfjs` on its cpu backend. A build counts as running when it has
 * multiplied two matrices.
 *
 * @param options.packages Names of the packages to try, in place of all.
 * @throws {WoodFisherError} `ERR_WOODFISHER_MODEL` where none runs; its `cause` is an AggregateError of
 *   what each of them threw.
 */
export async function loadTensorFlow(
  options: { packages?: readonly string[] } = {},
): Promise<LoadedTensorFlow> {
  return await loadFirst(options.packages, (name) => import(name));
}

/** {@link loadTensorFlow}, with the way modules are imported. */
export async function loadFirst(
  packages: readonly string[] | undefined,
  importModule: ImportModule,
): Promise<LoadedTensorFlow> {
  const known = BUILDS.map(({ package: name }) => name);
  const unknown = packages?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw optionError('packages', `of ${[...new Set(known)].join(', ')}`, unknown);
  }
  const wanted = BUILDS.filter(({ package: name }) => packages?.includes(name) ?? true);
  return await loads(() => firstThatRuns(wanted, importModule));
}

async function firstThatRuns(
  builds: readonly Build[],
  importModule: ImportModule,
): Promise<LoadedTensorFlow> {
  const failed: FailedBuild[] = [];
  for (const build of builds) {
    try {
      const tf = await start(build, importModule);
      return { tf, ...build, failed, summary: summaryOf(build, failed) };
    } catch (cause) {
      failed.push({ ...build, reason: reasonOf(build, cause), cause });
    }
  }
  const causes = failed.map(({ cause }) => cause);
  throw new WoodFisherError(
    'ERR_WOODFISHER_MODEL',
    `no build of TensorFlow.js runs here: ${failed.map(describe).join('; ')}; run "npm install @tensorflow/tfjs"`,
    {},
    { cause: new AggregateError(causes, 'what each build threw') },
  );
}

async function start(
  { package: name, backend }: Build,
  importModule: ImportModule,
): Promise<LoadedTensorFlow['tf']> {
  const loaded = (await importModule(name)) as LoadedTensorFlow['tf'] & {
    default?: LoadedTensorFlow['tf'];
  };
  // tfjs-node is CommonJS: how many of its names are seen beside `default` depends on Node.js.
  const tf = loaded.setBackend === undefined && loaded.default ? loaded.default : loaded;
  if (backend === 'wasm') await registerWasm(importModule);
  if (!(await tf.setBackend(backend))) throw new Error(`backend ${backend} does not start`);
  await tf.ready();
  await multiply(tf);
  return tf;
}

async function registerWasm(importModule: ImportModule): Promise<void> {
  const name = '@tensorflow/tfjs-backend-wasm';
  const { setWasmPaths } = (await importModule(name)) as { setWasmPaths(folder: string): void };
  setWasmPaths(dirname(createRequire(import.meta.url).resolve(name)) + sep);
}

/** A native build may load and then fail at its first operation. */
async function multiply(tf: LoadedTensorFlow['tf']): Promise<void> {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])));
  try {
    const [value] = await product.data();
    if (value !== 11) throw new Error(`[1, 2]·[3, 4] must be 11, but is ${value}`);
  } finally {
    product.dispose();
  }
}

function summaryOf(build: Build, failed: readonly FailedBuild[]): string {
  const got = `${build.package} on its ${build.backend} backend`;
  return failed.length === 0 ? got : `${got}, since ${failed.map(describe).join('; ')}`;
}

function describe({ package: name, backend, reason }: FailedBuild): string {
  return `${name}${backend === 'wasm' ? ' with wasm' : ''} ${reason}`;
}
