import { printableLine } from '@ar-distill/core';
import { textOf } from '@ar-distill/evaluation/report';
import type { ImportedNetwork } from '@ar-distill/workflows';

const HEADINGS = ['file', 'state dict', 'found', 'kind', 'tensors', 'parameters', 'stored as'];

/** What was found in checkpoints, one network per line. */
export function networkTable(networks: readonly ImportedNetwork[]): string {
  return textOf({
    columns: HEADINGS.map((title) => ({ title })),
    rows: networks.map((network) => [
      printableLine(network.file),
      printableLine(placeOf(network)),
      printableLine(network.label),
      network.kind,
      `${network.tensors}${network.buffers > 0 ? ` + ${network.buffers} buffers` : ''}`,
      countName(network.parameters),
      network.storedAs.join(', '),
    ]),
  });
}

/** Where the network is in its file, and what was in front of its names. */
function placeOf({ path, prefix }: ImportedNetwork): string {
  const place = path === '' ? '(itself)' : path;
  return prefix === '' ? place : `${place} without ${prefix}`;
}

/** 310.3M, 2.28B: three to four digits. */
function countName(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)}B`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e3).toFixed(1)}k`;
}
