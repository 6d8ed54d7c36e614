import { MAX_HEADER_BYTES, MAX_TENSORS } from '../../../src/formats/safetensors/header.js';
import { MAX_AXES } from '../../../src/formats/safetensors/tensor-entry.js';

/** As many members as there may be, each as long as there is room for. */
function members(member: (name: string) => string, used = 0): string {
  const room = Math.floor((MAX_HEADER_BYTES - 64 - used) / MAX_TENSORS) - 1;
  return Array.from({ length: MAX_TENSORS }, (_, n) => {
    const left = room - Buffer.byteLength(member(`${n}`));
    return member(`${n}${'é'.repeat(Math.max(0, left >> 1))}`);
  }).join();
}

const tensor = (name: string, shape: string): string =>
  `"${name}":{"dtype":"U8","shape":[${shape}],"data_offsets":[0,0]}`;
const axes = Array(MAX_AXES).fill(0).join();
const few = Array.from({ length: MAX_TENSORS }, (_, n) => tensor(n.toString(36), '0')).join();

/** Headers that take as much memory as they can; empty tensors in a file without data. */
export const WORST_HEADERS: Readonly<Record<string, () => string>> = {
  'tensors with long names': () => `{${members((name) => tensor(name, '0'))}}`,
  'tensors of many axes': () => `{${members((name) => tensor(name, axes))}}`,
  'metadata beside tensors': () =>
    `{"__metadata__":{${members((name) => `"${name}":"é"`, few.length)}},${few}}`,
  'one long string': () =>
    `{"__metadata__":{"a":"\\u00e9${'é'.repeat(MAX_HEADER_BYTES / 2 - 64)}"}}`,
  'a field of many keys': () =>
    `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"more":{${members((name) => `"${name}":0`)}}}}`,
};
