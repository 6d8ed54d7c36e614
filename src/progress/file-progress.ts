/** How far work on the files of a model is. */
export interface FileProgress {
  phase: 'scan' | 'pack' | 'expand' | 'inspect';
  /** Bytes of the dense model's data. */
  done: number;
  total: number;
  unit: 'bytes';
}

export type FileProgressListener = (event: FileProgress) => void;

/** Options of work on the files of a model. */
export interface FileWorkOptions {
  /** Stops the work; nothing was written then. */
  signal?: AbortSignal;
  /** Told after each piece of about a megabyte. */
  onProgress?: FileProgressListener;
}

/** Counts bytes, tells of them, and throws the signal's reason when it is aborted. */
export function countBytes(
  phase: FileProgress['phase'],
  total: number,
  { signal, onProgress }: FileWorkOptions,
): (bytes: number) => void {
  let done = 0;
  signal?.throwIfAborted();
  onProgress?.({ phase, done, total, unit: 'bytes' });
  return (bytes) => {
    done += bytes;
    signal?.throwIfAborted();
    onProgress?.({ phase, done, total, unit: 'bytes' });
  };
}
