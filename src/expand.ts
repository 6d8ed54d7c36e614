import { writeModel } from './files/write-model.js';
import { Buffers } from './formats/compact/buffers.js';
import { compactFiles, denseIndex } from './formats/compact/compact-model.js';
import { writeExpanded } from './formats/compact/write-expanded.js';
import { openModelFiles } from './formats/safetensors/model-files.js';
import { countBytes, type FileWorkOptions } from './progress/file-progress.js';

/** What {@link expand} wrote. */
export interface ExpandResult {
  /** How many tensors the model has. */
  tensors: number;
  /** Files of the model, without an index. */
  files: number;
  /** Bytes of these files, as compact and as dense ones. */
  compactBytes: number;
  denseBytes: number;
}

/**
 * Writes the dense model that a compact one was made of, bit for bit: data, headers, index. Takes some
 * 30 MB of memory, however large the model is.
 *
 * @param input A compact safetensors file, an index or the folder it is in.
 * @param output The file to write or replace; a folder for a model in several files.
 * @throws {WoodFisherError} `ERR_WOODFISHER_FORMAT` for an input that is invalid, not compact or of
 * another version, with the file, the tensor and the rule; `ERR_WOODFISHER_OUTPUT` if the output cannot
 * be written. The signal's reason if that is aborted. Nothing has changed on disk then.
 *
 * @example
 * await expand('pruned.compact.safetensors', 'pruned.safetensors');
 */
export async function expand(
  input: string,
  output: string,
  options: FileWorkOptions = {},
): Promise<ExpandResult> {
  await using model = await openModelFiles(input);
  const files = compactFiles(model);
  const index = model.index === undefined ? '' : denseIndex(model, files);
  const tensors = files.flatMap((file) => [...file.tensors.values()]);
  const total = tensors.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const context = { buffers: new Buffers(), onBytes: countBytes('expand', total, options) };
  await writeModel(output, model, {
    write: (handle, i) => writeExpanded(handle, files[i], context),
    index: () => index,
    signal: options.signal,
  });
  return {
    tensors: tensors.length,
    files: files.length,
    compactBytes: files.reduce((sum, { file }) => sum + file.size, 0),
    denseBytes: files.reduce((sum, { denseBytes }) => sum + denseBytes, 0),
  };
}
