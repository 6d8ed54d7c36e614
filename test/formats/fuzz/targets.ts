import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSettings } from '../../../src/cli/settings/check-settings.js';
import { parseSettings } from '../../../src/cli/settings/parse-settings.js';
import { openNpy } from '../../../src/formats/npy.js';
import { parseHeader } from '../../../src/formats/safetensors/header.js';
import { parseShardIndex } from '../../../src/formats/safetensors/index-file.js';
import { mutateBytes, mutateText } from './mutate.js';
import type { Random } from './random.js';

/** A format that is fuzzed. */
export interface Target {
  /** Name of the file, with which messages begin. */
  file: string;
  /** A valid file after some changes. */
  mutated(random: Random): Buffer;
  /** Reads it: throws what it refuses. */
  read(bytes: Buffer): Promise<void> | void;
}

const HEADER =
  '{"__metadata__":{"format":"pt","note":"\\u00e9 é"},"a.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},"a.bias":{"dtype":"BF16","shape":[3],"data_offsets":[48,54],"more":{"x":[1,null]}},"empty":{"dtype":"BOOL","shape":[2,0],"data_offsets":[54,54]}}';
const INDEX =
  '{"metadata":{"total_size":54,"x":[1.5e3,true]},"weight_map":{"a.weight":"model-00001-of-00002.safetensors","a.bias":"model-00002-of-00002.safetensors"},"more":"text"}';
const SETTINGS = [
  '{"weights":"model","gradients":["a*.safetensors","b"],"sparsity":{"fc1":0.5,"fc2":0.9},"blockSize":50,"damping":1e-5,"exclude":"embed","memory":"2GiB","curve":[0.5,0.9],"centred":true}',
  '# a run\nweights: model\ngradients:\n  - a*.safetensors\n  - b\nsparsity: {fc1: 0.5, "fc2": 0.9}\nblockSize: 50\ndamping: 1.0e-5\nexclude: [\'^embed\', "x\\u0041"]\nmemory: 2GiB\nlist: &a [1, 2]\nother: *a\nout: |\n  pruned\n  too\n',
];
const NPY = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

/** Up to three changes, to the text first, so that half of the files get past the first checks. */
function changes(text: string, random: Random, wrap: (text: string) => Buffer): Buffer {
  let changed = text;
  const inText = random.below(4);
  for (let n = 0; n < inText; n++) changed = mutateText(changed, random);
  let bytes = wrap(changed);
  const inBytes = inText === 0 ? 1 + random.below(3) : random.below(2) * random.below(2);
  for (let n = 0; n < inBytes; n++) bytes = mutateBytes(bytes, random);
  return bytes;
}

function safetensors(header: string): Buffer {
  const text = Buffer.from(header);
  const bytes = Buffer.alloc(8 + text.length + 54);
  bytes.writeBigUInt64LE(BigInt(text.length));
  text.copy(bytes, 8);
  return bytes;
}

function npy(header: string): Buffer {
  const text = Buffer.from(`${header}\n`, 'latin1');
  const bytes = Buffer.alloc(10 + text.length + 24);
  bytes.write('\x93NUMPY\x01\x00', 'latin1');
  bytes.writeUInt16LE(Math.min(text.length, 65535), 8);
  text.copy(bytes, 10);
  return bytes;
}

/** The formats; `.npy` files are written into the folder. */
export function targets(folder: string): Target[] {
  const array = join(folder, 'x.npy');
  return [
    {
      file: 'x.safetensors',
      mutated: (random) => changes(HEADER, random, safetensors),
      read: (bytes) => void parseHeader(bytes, bytes.length, 'x.safetensors'),
    },
    {
      file: 'x.index.json',
      mutated: (random) => changes(INDEX, random, Buffer.from),
      read: (bytes) => void parseShardIndex(bytes, 'x.index.json'),
    },
    {
      file: 'x.yaml',
      mutated: (random) => changes(random.of(SETTINGS), random, Buffer.from),
      read: (bytes) => void checkSettings(parseSettings(bytes, 'x.yaml')),
    },
    {
      file: array,
      mutated: (random) => changes(NPY, random, npy),
      async read(bytes) {
        await writeFile(array, bytes);
        await (await openNpy(array)).handle.close();
      },
    },
  ];
}
