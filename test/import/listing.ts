import type { CheckpointListing, CheckpointPart } from '@ar-distill/core';
import type { StateDict } from '@ar-distill/official-checkpoints';

/** A state dict of the official layout as a plugin is told of it: names and shapes. */
export function part(path: string, stateDict: StateDict): CheckpointPart {
  const tensors = Object.fromEntries(stateDict.map(({ name, shape }) => [name, { shape }]));
  return { path, tensors };
}

export function listing(
  parts: readonly CheckpointPart[],
  fileName = 'checkpoint.pt',
  config: CheckpointListing['config'] = {},
): CheckpointListing {
  return { parts, fileName, config };
}
