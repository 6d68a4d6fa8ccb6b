import path from 'node:path';
import { textOf, type TableColumn } from '@ar-distill/metrics';
import { elementCount } from '@ar-distill/nn';
import type { ImportedPart } from './model';
import { nameIn } from './recognize';

const COLUMNS: readonly TableColumn[] = [
  { title: 'file' },
  { title: 'state dict' },
  { title: 'found' },
  { title: 'kind' },
  { title: 'tensors' },
  { title: 'parameters' },
  { title: 'stored as' },
];
/** Names of element types as PyTorch has them. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Lines that say what was found, one per network, under headings. */
export function describeParts(parts: readonly ImportedPart[]): string[] {
  return textOf({ columns: COLUMNS, rows: parts.map(rowOf) }).split('\n');
}

function rowOf({ from, part }: ImportedPart): string[] {
  const { specs, storedTypes, dicts } = from.checkpoint;
  const names = part.parameters.map((name) => nameIn(part.path, name));
  const elements = names.reduce((sum, name) => sum + elementCount(specs[name]!.shape), 0);
  const types = [...new Set(names.map((name) => TYPE_NAMES[storedTypes[name]!] ?? 'integers'))];
  const all = dicts.find(({ path: place }) => place === part.path)!.keys.length;
  const buffers = all - names.length;
  return [
    path.basename(from.file),
    part.path === '' ? '(itself)' : part.path,
    part.label,
    part.kind,
    `${names.length}${buffers > 0 ? ` + ${buffers} buffers` : ''}`,
    countName(elements),
    types.join(', '),
  ];
}

/** 310.3M, 2.28B: three to four digits. */
function countName(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)}B`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e3).toFixed(1)}k`;
}
