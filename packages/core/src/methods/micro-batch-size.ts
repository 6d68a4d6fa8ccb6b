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
