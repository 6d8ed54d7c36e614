import { formatError, quote } from '../errors.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
// Unknown fields may hold any JSON; the call stack bounds how deep it may be nested.
const MAX_DEPTH = 16;
// Far more tensors than any model has; below it, keys of a few bytes would fill the heap.
const MAX_MEMBERS = 2 ** 18;
// Keys of an object that nobody reads: that none is there twice takes all of them.
const MAX_SKIPPED_KEYS = 1024;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * A strict JSON reader over bytes, for headers from untrusted sources. Unlike `JSON.parse` it knows
 * the byte offset of everything, refuses members that occur twice, and builds nothing of its own, so
 * that a small file cannot make a large heap.
 */
export class JsonCursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #file: string;
  #at: number;

  /** Reads `bytes` from `start` to `end`; `file` is for messages. */
  constructor(bytes: Uint8Array, start: number, end: number, file: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
    this.#file = file;
  }

  /** Offset of the next byte that is not white space. */
  get offset(): number {
    this.#next();
    return this.#at;
  }

  /** Whether a string comes next. */
  get isString(): boolean {
    return this.#next() === QUOTE;
  }

  /** Throws ERR_WOODFISHER_FORMAT. */
  fail(problem: string, offset: number = this.offset): never {
    throw formatError(this.#file, problem, { offset });
  }

  /** Reads an object; `member` must read the value of each key. `what` names it in messages. */
  object(what: string, member: (key: string, offset: number) => void, most?: number): void {
    for (const { key, offset } of this.members(what, most)) member(key, offset);
  }

  /** The keys of an object, at most `most`, one by one; the value of each must be read before the next. */
  *members(what: string, most = MAX_MEMBERS): Generator<{ key: string; offset: number }> {
    this.#open('{', what, 'an object');
    if (this.#skip('}')) return;
    const seen = new Set<string>();
    const keyOf = `a key of ${what}`;
    do {
      const offset = this.offset;
      const key = this.string(keyOf);
      if (seen.has(key)) this.fail(`${what} has the key ${quote(key)} twice`, offset);
      seen.add(key);
      if (seen.size > most) this.fail(`${what} has more than ${most} keys`, offset);
      if (!this.#skip(':')) this.#failJson('":"');
      yield { key, offset };
    } while (this.#skip(','));
    if (!this.#skip('}')) this.#failJson('"," or "}"');
  }

  /** Reads an array; `element` must read each of its values. */
  array(what: string, element: (index: number) => void): void {
    for (const index of this.elements(what)) element(index);
  }

  /** The indices of an array, one by one; the value at each must be read before the next. */
  *elements(what: string): Generator<number> {
    this.#open('[', what, 'an array');
    if (this.#skip(']')) return;
    let index = 0;
    do yield index++;
    while (this.#skip(','));
    if (!this.#skip(']')) this.#failJson('"," or "]"');
  }

  /** Reads a string of well-formed Unicode. */
  string(what: string): string {
    this.#open('"', what, 'a string');
    const start = this.#at;
    let plain = true;
    let all = 0;
    let byte = this.#byte();
    for (; byte !== QUOTE; byte = this.#byte()) {
      if (byte < 0x20) {
        const problem = byte < 0 ? 'has no end' : 'holds a control character';
        this.fail(`invalid JSON: a string ${problem}`, start - 1);
      }
      if (byte === BACKSLASH) {
        plain = false;
        this.#at++;
      }
      all |= byte;
      this.#at++;
    }
    const end = this.#at++;
    // Nearly every string is plain ASCII, for which this is ten times as fast as a decoder.
    if (plain && all < 0x80) return this.#bytes.toString('latin1', start, end);
    return this.#decode(start, end);
  }

  /** Reads a non-negative integer of at most 2⁵³ − 1, in plain digits. */
  count(what: string): number {
    const start = this.offset;
    let value = 0;
    let byte = this.#byte();
    while (byte >= 0x30 && byte <= 0x39 && value <= Number.MAX_SAFE_INTEGER) {
      value = value * 10 + byte - 0x30;
      this.#at++;
      byte = this.#byte();
    }
    const length = this.#at - start;
    const leadingZero = length > 1 && this.#bytes[start] === 0x30;
    const fraction = byte === 0x2e || byte === 0x65 || byte === 0x45; // . e E
    if (length === 0 || leadingZero || fraction || !Number.isSafeInteger(value)) {
      this.fail(
        `${what} must be a non-negative integer of at most 2^53 - 1, but is ${this.#excerpt(start)}`,
        start,
      );
    }
    return value;
  }

  /** Reads and drops any value. */
  skipValue(what: string, depth = 0): void {
    if (depth > MAX_DEPTH) this.fail(`${what} is nested deeper than ${MAX_DEPTH} levels`);
    const first = String.fromCharCode(this.#next());
    if (first === '{') {
      this.object(what, () => this.skipValue(what, depth + 1), MAX_SKIPPED_KEYS);
    } else if (first === '[') this.array(what, () => this.skipValue(what, depth + 1));
    else if (first === '"') this.string(what);
    else this.#skipWord();
  }

  /** Requires that nothing but white space is left. */
  finish(what: string): void {
    if (this.#next() >= 0) this.fail(`${what} is followed by ${this.#excerpt(this.#at)}`);
  }

  #byte(): number {
    return this.#at < this.#end ? this.#bytes[this.#at] : -1;
  }

  #next(): number {
    let byte = this.#byte();
    for (; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = this.#byte()) {
      this.#at++;
    }
    return byte;
  }

  #skip(character: string): boolean {
    if (this.#next() !== character.charCodeAt(0)) return false;
    this.#at++;
    return true;
  }

  #open(character: string, what: string, type: string): void {
    if (!this.#skip(character))
      this.fail(`${what} must be ${type}, but is ${this.#excerpt(this.#at)}`);
  }

  #failJson(expected: string): never {
    this.fail(`invalid JSON: expected ${expected}, but there is ${this.#excerpt(this.offset)}`);
  }

  #decode(start: number, end: number): string {
    let text: string;
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      text = decoder.decode(this.#bytes.subarray(start, end));
    } catch {
      this.fail('a string is not valid UTF-8', start - 1);
    }
    try {
      text = JSON.parse(`"${text}"`);
    } catch {
      this.fail('invalid JSON: a string holds an invalid escape', start - 1);
    }
    // Half a surrogate pair has no UTF-8, so that such a name could never be written again.
    if (/\p{Surrogate}/u.test(text)) this.fail('a string holds half a surrogate pair', start - 1);
    return text;
  }

  #skipWord(): void {
    const start = this.#at;
    while (/[\w.+-]/.test(String.fromCharCode(Math.max(this.#byte(), 0)))) this.#at++;
    const word = this.#bytes.toString('latin1', start, this.#at);
    if (word === 'true' || word === 'false' || word === 'null' || NUMBER.test(word)) return;
    this.fail(`invalid JSON: ${this.#excerpt(start)} is not a value`, start);
  }

  /** What stands at `offset`, for messages. */
  #excerpt(offset: number): string {
    if (offset >= this.#end) return 'the end';
    const text = this.#bytes.toString('latin1', offset, Math.min(offset + 24, this.#end));
    return quote(/^[-+.\w]+/.exec(text)?.[0] ?? text[0]);
  }
}
