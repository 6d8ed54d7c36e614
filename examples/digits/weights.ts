import { fileURLToPath } from 'node:url';
import { openSafetensors } from '../../src/formats/safetensors/reader.js';
import { writeSafetensors } from '../../src/formats/safetensors/writer.js';
import type { Parameter } from '../../src/parameters.js';
import { type Network, networkParameters } from './networks.js';

/** Where the trained weights of a network are kept, seen from `dist/examples/digits`. */
export function weightsPath({ name }: Network): string {
  const file = new URL(`../../../examples/digits/weights/${name}.safetensors`, import.meta.url);
  return fileURLToPath(file);
}

/** The trained weights of a network: `fc1.weight` [out, in], `fc1.bias` [out], `fc2.weight`, … */
export async function loadNetwork(network: Network): Promise<Parameter[]> {
  return await readNetwork(weightsPath(network), network);
}

/** Writes the trained weights of a network where {@link loadNetwork} finds them. */
export async function saveNetwork(
  network: Network,
  parameters: readonly Parameter[],
  metadata: Record<string, string> = {},
): Promise<void> {
  await writeNetwork(weightsPath(network), network, parameters, metadata);
}

/** The weights of a network from a file. */
export async function readNetwork(path: string, network: Network): Promise<Parameter[]> {
  const file = await openSafetensors(path);
  try {
    return await networkParameters(network, (name) => file.read(name));
  } finally {
    await file.close();
  }
}

/** Writes the weights of a network to a file. */
export async function writeNetwork(
  path: string,
  network: Network,
  parameters: readonly Parameter[],
  metadata: Record<string, string> = {},
): Promise<void> {
  await writeSafetensors(
    path,
    parameters.map(({ name, shape, data }) => ({ name, dtype: 'F32', shape: [...shape], data })),
    { metadata: Object.entries({ format: 'pt', network: network.name, ...metadata }) },
  );
}
