import { z } from 'zod';

/** The setting that divides a batch; see `microBatchSize`. */
export const accumulationField = z
  .int()
  .positive()
  .describe(
    'Micro-batches per update: gradients are averaged over this many batches of batchSize / this',
  )
  .default(1);

/**
 * Sequences per micro-batch of an update.
 * @throws Error when the batch does not divide into them.
 */
export function microBatchSize({
  batchSize,
  accumulation,
}: {
  readonly batchSize: number;
  readonly accumulation: number;
}): number {
  if (batchSize % accumulation !== 0) {
    throw new Error(
      `The batch size ${batchSize} must be a multiple of accumulation (${accumulation}): change one of them.`,
    );
  }
  return batchSize / accumulation;
}
