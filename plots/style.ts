import type { Config } from 'vega';

/** Distinct for most colour-blind readers, and in grey (Okabe & Ito 2008). */
export const COLOURS = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#d55e00',
  '#cc79a7',
  '#56b4e9',
  '#000000',
  '#f0e442',
] as const;

/** What all plots look like. */
export const style: Config = {
  background: 'white',
  title: { anchor: 'start', fontSize: 14, subtitleFontSize: 11, offset: 12 },
  axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal', gridColor: '#dddddd' },
  legend: { labelFontSize: 11, titleFontSize: 11, labelLimit: 240 },
  text: { fontSize: 10 },
};
