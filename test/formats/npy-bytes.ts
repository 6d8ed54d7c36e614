/** A file as numpy.save writes it. */
export function npy(header: string, data: ArrayBufferView, version = 1): Buffer {
  const at = version === 1 ? 10 : 12;
  const text = `${header}${' '.repeat(64 - ((at + header.length + 1) % 64))}\n`;
  const start = Buffer.alloc(at);
  start.write('\x93NUMPY', 'latin1');
  start[6] = version;
  if (version === 1) start.writeUInt16LE(text.length, 8);
  else start.writeUInt32LE(text.length, 8);
  const { buffer, byteOffset, byteLength } = data;
  return Buffer.concat([start, Buffer.from(text), Buffer.from(buffer, byteOffset, byteLength)]);
}
