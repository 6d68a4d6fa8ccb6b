import type { Checkpoint } from '@ar-distill/core';

/** What a checkpoint says beside its tensors. */
export interface CheckpointMetadata extends Omit<Checkpoint, 'tensors'> {
  /** Length of the metrics log when it was written. */
  readonly metricsBytes: number;
}

/** Keys of the metadata in the file. */
export const CHECKPOINT_KEYS = ['stage', 'iteration', 'cursor', 'metricsBytes'] as const;

/** The metadata as text for a safetensors header. */
export function formatCheckpoint(metadata: CheckpointMetadata): Record<string, string> {
  const { stage, iteration, cursor, metricsBytes } = metadata;
  return {
    stage,
    iteration: String(iteration),
    cursor: JSON.stringify(cursor),
    metricsBytes: String(metricsBytes),
  };
}

/** What `formatCheckpoint` wrote; throws an `Error` naming the file when something is missing. */
export function parseCheckpoint(
  file: string,
  metadata: Readonly<Record<string, string>>,
): CheckpointMetadata {
  const { stage } = metadata;
  const iteration = parseCount(metadata['iteration']);
  const metricsBytes = parseCount(metadata['metricsBytes']);
  const cursor = parseCursor(metadata['cursor']);
  if (stage === undefined || iteration === undefined || metricsBytes === undefined || !cursor) {
    throw new Error(`"${file}" is no checkpoint of a run: delete it to start the run anew.`);
  }
  return { stage, iteration, cursor, metricsBytes };
}

function parseCount(text: string | undefined): number | undefined {
  const count = Number(text ?? NaN);
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function parseCursor(text: string | undefined): Record<string, number> | undefined {
  try {
    const cursor: unknown = JSON.parse(text ?? '');
    if (typeof cursor !== 'object' || cursor === null) return undefined;
    return Object.fromEntries(Object.entries(cursor).map(([name, count]) => [name, Number(count)]));
  } catch {
    return undefined;
  }
}
