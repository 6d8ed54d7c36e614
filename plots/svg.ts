import { Error as ErrorsOnly, parse, type Spec, View } from 'vega';
import { style } from './style.js';

/**
 * Renders a Vega specification to SVG text, without a browser. The same specification gives the
 * same text: widths of labels are estimated, not measured with a font of this machine.
 */
export async function toSvg(spec: Spec): Promise<string> {
  const view = new View(parse(spec, style), { renderer: 'none', logLevel: ErrorsOnly });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
