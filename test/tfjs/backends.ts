import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(dirname(wasm) + sep);
tf.enableProdMode(); // no advice on the console

/** The backends that run everywhere. */
export const backends = ['cpu', 'wasm'] as const;

/** Makes a backend the current one; tests that call this must be serial. */
export async function useBackend(name: (typeof backends)[number]): Promise<void> {
  await tf.setBackend(name);
  await tf.ready();
}

export { tf };
