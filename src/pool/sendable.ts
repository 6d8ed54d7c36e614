import { WoodFisherError } from '../errors.js';
import { MAX_ARRAY_BYTES } from '../options.js';

/**
 * Refuses a job with an array that would reach a thread as other memory than it is, because it ends
 * beyond {@link MAX_ARRAY_BYTES} of its buffer.
 */
export function checkSendable(parameter: string, job: object): void {
  for (const [field, value] of Object.entries(job)) {
    if (!ArrayBuffer.isView(value) || endsWithin(value.byteOffset + value.byteLength)) continue;
    throw new WoodFisherError(
      'ERR_WOODFISHER_SHAPE',
      `the array "${field}" of parameter "${parameter}" ends ${value.byteOffset + value.byteLength} bytes behind the beginning of its buffer; a thread can be given at most ${MAX_ARRAY_BYTES} bytes`,
      { parameter, value: value.byteLength },
    );
  }
}

/** Whether an array that ends so many bytes behind the beginning of its buffer can be sent. */
export function endsWithin(bytes: number): boolean {
  return bytes <= MAX_ARRAY_BYTES;
}
