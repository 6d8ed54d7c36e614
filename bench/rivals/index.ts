import type { ContenderKind } from '../contender.js';
import { woodfisher } from '../woodfisher.js';
import { mlMatrix } from './ml-matrix.js';
import { stdlib } from './stdlib.js';
import { tfjsWasm } from './tfjs-wasm.js';
import { torchMatrixFree, torchPerBlock, torchRank1 } from './torch/torch.js';

const rivals: readonly ContenderKind[] = [
  woodfisher('javascript'),
  stdlib,
  mlMatrix,
  tfjsWasm,
  torchRank1,
  torchPerBlock,
  torchMatrixFree,
];

/** The rival of a name. */
export function rivalOf(name: string): ContenderKind {
  const rival = rivals.find((kind) => kind.name === name);
  if (rival === undefined) throw new Error(`there is no rival ${name}`);
  return rival;
}
