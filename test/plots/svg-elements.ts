/** An element of an SVG text, with its attributes. */
export interface SvgElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** Classes of the element itself, or of the nearest one around it that has some. */
  classes: readonly string[];
  /** Text right inside, unescaped. */
  text: string;
}

/**
 * The elements of an SVG text, in the order they open.
 * @throws {Error} where the text is not well formed: tags that do not match, a bare & or <.
 */
export function svgElements(svg: string): SvgElement[] {
  const elements: SvgElement[] = [];
  const open: SvgElement[] = [];
  const token = /<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let at = 0;
  for (let match = token.exec(svg); match !== null; match = token.exec(svg)) {
    at = token.lastIndex;
    const [, closing, name, attributes, empty, text] = match;
    if (text !== undefined) {
      if (/&(?!\w+;|#\d+;)/.test(text)) throw new Error(`a bare & in "${text}"`);
      if (open.length > 0) open[open.length - 1].text += unescaped(text);
    } else if (closing) {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing, at ${at}`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)];
      const own = Object.fromEntries(pairs.map(([, key, value]) => [key, value]));
      const element: SvgElement = {
        name,
        attributes: own,
        classes: own.class?.split(' ') ?? open.at(-1)?.classes ?? [],
        text: '',
      };
      elements.push(element);
      if (!empty) open.push(element);
    }
  }
  if (at !== svg.length) throw new Error(`no tag and no text at ${at}: ${svg.slice(at, at + 40)}`);
  if (open.length > 0) throw new Error(`<${open[open.length - 1].name}> is not closed`);
  if (elements[0]?.name !== 'svg') throw new Error('the root is not <svg>');
  return elements;
}

function unescaped(text: string): string {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
