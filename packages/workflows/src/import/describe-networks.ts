import path from 'node:path';
import type { RecognizedKind } from '@ar-distill/core';
import { elementCount } from '@ar-distill/program';
import type { ImportedPart } from './model';
import { storedName } from './recognize';

/** One network that was found in a checkpoint. */
export interface ImportedNetwork {
  /** File, without its folder. */
  readonly file: string;
  /** Dotted path of its state dict inside the checkpoint; '' for the checkpoint itself. */
  readonly path: string;
  /** What a wrapper put in front of all names, and what was taken off: `module.`; '' for nothing. */
  readonly prefix: string;
  /** Family and size: `VAR-d16`. */
  readonly label: string;
  readonly kind: RecognizedKind;
  /** Tensors that are parameters. */
  readonly tensors: number;
  /** Further tensors of the state dict, which are not taken. */
  readonly buffers: number;
  /** Numbers in all parameters together. */
  readonly parameters: number;
  /** Element types that they are stored with, as PyTorch names them. */
  readonly storedAs: readonly string[];
  /** What was assumed and why, in half sentences. */
  readonly notes: readonly string[];
}

/** Names of element types as PyTorch has them. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

export function describeNetwork({ from, part }: ImportedPart): ImportedNetwork {
  const { specs, storedTypes, dicts } = from.checkpoint;
  const names = part.parameters.map((name) => storedName(from, part, name));
  const all = dicts.find(({ path: place }) => place === part.path)!.keys.length;
  return {
    file: path.basename(from.file),
    path: part.path,
    prefix: from.prefixes.get(part.path) ?? '',
    label: part.label,
    kind: part.kind,
    tensors: names.length,
    buffers: all - names.length,
    parameters: names.reduce((sum, name) => sum + elementCount(specs[name]!.shape), 0),
    storedAs: [...new Set(names.map((name) => TYPE_NAMES[storedTypes[name]!] ?? 'integers'))],
    notes: part.notes,
  };
}
