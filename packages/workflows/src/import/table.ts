import path from 'node:path';
import { elementCount } from '@ar-distill/program';
import type { ImportedPart } from './model';
import { nameIn } from './recognize';

const HEADINGS = ['file', 'state dict', 'found', 'kind', 'tensors', 'parameters', 'stored as'];
/** Names of element types as PyTorch has them. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Lines that say what was found, one per network, under headings. */
export function describeParts(parts: readonly ImportedPart[]): string[] {
  const rows = parts.map(rowOf);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]!.length)),
  );
  return [HEADINGS, widths.map((width) => '-'.repeat(width)), ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
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
