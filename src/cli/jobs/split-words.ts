/**
 * The words of a command, as a shell cuts them, without a shell: white space parts words, '…' is taken
 * as it stands, in "…" a backslash takes a quote or a backslash, and outside of quotes any character.
 *
 * @throws {SyntaxError} for a quote that is not closed, and a backslash at the end.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    if (letter === "'" || letter === '"') {
      const { inside, end } = quoted(text, at);
      word += inside;
      at = end;
    } else if (letter === '\\') {
      at++;
      if (at === text.length) throw new SyntaxError('there is nothing behind the last backslash');
      word += text[at];
    } else {
      word += letter;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** What stands between the quote at `begin` and the one that closes it. */
function quoted(text: string, begin: number): { inside: string; end: number } {
  const quote = text[begin];
  let inside = '';
  for (let at = begin + 1; at < text.length; at++) {
    if (text[at] === quote) return { inside, end: at };
    if (quote === '"' && text[at] === '\\' && /["\\]/.test(text[at + 1] ?? '')) at++;
    inside += text[at];
  }
  throw new SyntaxError(`the quote ${quote} at character ${begin + 1} is not closed`);
}
