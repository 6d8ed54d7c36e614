import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Buffers } from '../../../src/formats/compact/buffers.js';
import { WoodFisherError } from '../../../src/index.js';
import { seeded } from '../../random.js';
import { temporaryFolder } from '../temporary-folder.js';
import { type FileParts, fileOfParts, unpackAll, validParts } from './parts.js';

const RUNS = 10_000;
const SNIPPETS =
  '0 1 9 255 65536 4294967295 9007199254740991 - . e [ ] { } , : " null 1:4 2:4 3:200 csr bitmask U8 F64'.split(
    ' ',
  );

/** A file with one to three random changes: to the two texts, the parts' data, their descriptions, or any byte. */
function mutated(valid: FileParts, random: () => number): Uint8Array {
  const below = (limit: number): number => Math.floor(limit * random());
  const parts: FileParts = {
    metadata: new Map(valid.metadata),
    tensors: valid.tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() })),
  };
  const raw: (() => void)[] = [];
  for (let n = 1 + below(3); n > 0; n--) {
    const tensor = parts.tensors[below(parts.tensors.length)];
    switch (below(6)) {
      case 0: // the description, or the header of the dense file
      case 1: {
        const key = below(2) === 0 ? 'woodfisher.compact' : 'woodfisher.compact.header';
        const text = parts.metadata.get(key) ?? '';
        const at = below(text.length + 1);
        const snippet = SNIPPETS[below(SNIPPETS.length)];
        parts.metadata.set(key, text.slice(0, at) + snippet + text.slice(at + below(4)));
        break;
      }
      case 2: // a number in one of them
        for (const key of ['woodfisher.compact', 'woodfisher.compact.header']) {
          const text = parts.metadata.get(key) ?? '';
          const numbers = [...text.matchAll(/\d+/g)];
          const { index, 0: digits } = numbers[below(numbers.length)] ?? { index: 0, 0: '' };
          const other = String(Math.max(0, Number(digits) + below(5) - 2));
          parts.metadata.set(key, text.slice(0, index) + other + text.slice(index + digits.length));
        }
        break;
      case 3: // the data of a part
        if (tensor.data.length > 0) tensor.data[below(tensor.data.length)] ^= 1 << below(8);
        break;
      case 4: // a part, shorter
        if (tensor.shape.length === 1 && tensor.shape[0] > 0) {
          const width = tensor.data.length / tensor.shape[0];
          const left = below(tensor.shape[0]);
          tensor.shape = [left];
          tensor.data = tensor.data.slice(0, left * width);
        }
        break;
      default: // any byte of the file
        raw.push(() => {
          bytes[below(bytes.length)] = below(256);
        });
    }
  }
  const bytes = Uint8Array.from(fileOfParts(parts));
  for (const change of raw) change();
  return bytes;
}

test('random changes to a valid file give an error that names file and rule, or dense data', async (t) => {
  t.timeout(120_000);
  const path = join(await temporaryFolder(t), 'fuzz');
  const valid = await validParts(t);
  const random = seeded(20260611);
  const buffers = new Buffers();
  const rules = new Map<string, number>();
  let accepted = 0;
  let largest = 0;
  const started = performance.now();
  const before = process.memoryUsage.rss();
  let peak = before;
  for (let run = 0; run < RUNS; run++) {
    await writeFile(path, mutated(valid, random));
    try {
      largest = Math.max(largest, await unpackAll(path, buffers));
      accepted++;
    } catch (error) {
      if (!(error instanceof WoodFisherError) || error.code !== 'ERR_WOODFISHER_FORMAT')
        throw error;
      if (!error.message.startsWith(path)) throw error;
      const rule = error.message
        .slice(path.length)
        .replace(/"[^"]*"|\d+/g, '…')
        .slice(0, 60);
      rules.set(rule, (rules.get(rule) ?? 0) + 1);
    }
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  const seconds = (performance.now() - started) / 1000;
  t.log(`${RUNS} files in ${seconds.toFixed(1)} s, ${accepted} accepted, ${rules.size} messages`);
  t.true(accepted > 0 && accepted < RUNS / 2, `${accepted}`);
  t.true(rules.size > 40, [...rules.keys()].join('\n'));
  for (const part of [/\(bitmask\)/, /\(csr\)/, /\(…:…\)/, /formats|description/, /header/]) {
    t.true(
      [...rules.keys()].some((rule) => part.test(rule)),
      `${part}`,
    );
  }
  t.true(largest < 10e6, `${largest}`);
  t.true(peak - before < 100e6, `${(peak - before) / 1e6} MB`);
});
