import { join } from 'node:path';
import { replaceFile } from '../formats/replace-file.js';
import type { ModelFiles } from '../formats/safetensors/model-files.js';
import { writeSafetensors, writeTensors } from '../formats/safetensors/writer.js';
import {
  maskTensors,
  type PrunedTensor,
  prunedModel,
  type WritingOptions,
} from './pruned-model.js';
import type { StagedOutputs } from './staged-outputs.js';
import { type ModelOutput, stageModel } from './write-model.js';

/** Where the results of a run go. */
export interface PrunedPaths {
  out: string;
  maskOut?: string;
}

/** Has the pruned model written, in files of the same names, and the masks in one file. */
export async function stagePruned(
  outputs: StagedOutputs,
  { out, maskOut }: PrunedPaths,
  model: ModelFiles,
  tensors: readonly PrunedTensor[],
  options: Omit<WritingOptions, 'path'> & Pick<ModelOutput, 'durable'>,
): Promise<void> {
  const pruned = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  await stageModel(outputs, out, model, {
    write: async (handle, i) => {
      const { file, name } = model.files[i];
      const path = model.index === undefined ? out : join(out, name);
      const sources = prunedModel(file, pruned, { ...options, path });
      await writeTensors(handle, sources, { metadata: file.metadata }, path);
    },
    index: () => model.index?.text ?? '',
    ...{ signal: options.signal, durable: options.durable },
  });
  if (maskOut === undefined) return;
  await outputs.stage(maskOut, (path) => writeSafetensors(path, maskTensors(tensors)));
}

/** Has a text written. */
export async function stageText(outputs: StagedOutputs, path: string, text: string): Promise<void> {
  await outputs.stage(path, (temporary) =>
    replaceFile(temporary, (handle) => handle.writeFile(text)),
  );
}
