import { openModelFiles } from '../../src/formats/safetensors/model-files.js';

/** The tensors of a model whose bytes are not those of the only tensor of another one. */
export async function differingLayers(model: string, single: string): Promise<string[]> {
  await using many = await openModelFiles(model);
  await using one = await openModelFiles(single);
  const [layer] = [...one.tensors.values()];
  const expected = Buffer.from(await layer.file.readBytes(layer.name));
  const differing: string[] = [];
  for (const { name, file } of many.tensors.values()) {
    if (!expected.equals(await file.readBytes(name))) differing.push(name);
  }
  return differing;
}
