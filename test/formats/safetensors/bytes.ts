/** A safetensors file put together by hand: length, header, data. */
export function fileOf(header: string | Uint8Array, data: Uint8Array | number = 0): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const body = typeof data === 'number' ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + text.length + body.length);
  new DataView(file.buffer).setUint32(0, text.length, true);
  file.set(text, 8);
  file.set(body, 8 + text.length);
  return file;
}

/** Header of one tensor of the name "w", by default [2] of F32, with some members replaced. */
export function headerOf(members: Record<string, unknown> = {}): string {
  return JSON.stringify({
    w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...members },
  });
}
