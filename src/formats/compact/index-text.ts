import type { ShardIndex } from '../safetensors/index-file.js';
import { INDEX_KEY } from './description.js';

/**
 * The index of a compact model, which holds the dense one's word for word.
 *
 * @param parts By file: the names of the tensors in it.
 * @param bytes Of all their data.
 */
export function compactIndexText(
  dense: ShardIndex,
  parts: ReadonlyMap<string, readonly string[]>,
  bytes: number,
): string {
  const lines = [...parts].flatMap(([shard, names]) =>
    names.map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(shard)}`),
  );
  return `{
  "metadata": {"total_size": ${bytes}},
  "weight_map": {
${lines.join(',\n')}
  },
  "${INDEX_KEY}": ${JSON.stringify(dense.text)}
}
`;
}
