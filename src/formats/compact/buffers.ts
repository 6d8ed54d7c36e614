/** Buffers that are used again, from one tensor to the next: one for each role. */
export class Buffers {
  readonly #byRole = new Map<string, ArrayBuffer>();

  /** `bytes` bytes with undefined content, which the role's buffer before lends or gives up for. */
  get(role: string, bytes: number): Uint8Array {
    let buffer = this.#byRole.get(role);
    if (buffer === undefined || buffer.byteLength < bytes) {
      buffer = new ArrayBuffer(bytes);
      this.#byRole.set(role, buffer);
    }
    return new Uint8Array(buffer, 0, bytes);
  }
}
