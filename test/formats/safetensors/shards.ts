import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorSource, writeSafetensors } from '../../../src/formats/safetensors/writer.js';

/** Writes a model in several files, by their names, with its index. */
export async function writeShards(
  folder: string,
  shards: Readonly<Record<string, readonly TensorSource[]>>,
): Promise<void> {
  const map: Record<string, string> = {};
  for (const [shard, tensors] of Object.entries(shards).sort()) {
    await writeSafetensors(join(folder, shard), tensors, {
      metadata: [
        ['format', 'pt'],
        ['only', shard],
      ].filter(([, text]) => text !== 'a') as [string, string][],
    });
    for (const { name } of tensors) map[name] = shard;
  }
  const index = `{"metadata":{"total_size":7,"more":[{}]},"weight_map":${JSON.stringify(map)}}\n`;
  await writeFile(join(folder, 'model.safetensors.index.json'), index);
}
