import { type HostTensor, type HostTensors, int32 } from '@ar-distill/program';

/** Token sequences with their classes. */
export interface TokenSequences {
  /** [N, n] int32. */
  readonly tokens: HostTensor;
  /** [N] int32. */
  readonly labels: HostTensor;
}

/** Rows of the sequences by their numbers: `tokens` [B, n] and `labels` [B]. */
export function tokenBatch({ tokens, labels }: TokenSequences, rows: Int32Array): HostTensors {
  const [, length] = tokens.shape as [number, number];
  const data = new Int32Array(rows.length * length);
  rows.forEach((row, i) => {
    data.set(tokens.data.subarray(row * length, (row + 1) * length), i * length);
  });
  return {
    tokens: int32([rows.length, length], data),
    labels: int32(
      [rows.length],
      rows.map((row) => labels.data[row]!),
    ),
  };
}

/** The first `count` sequences, and the others. */
export function splitSequences(
  { tokens, labels }: TokenSequences,
  count: number,
): readonly [TokenSequences, TokenSequences] {
  const [total, length] = tokens.shape as [number, number];
  const part = (first: number, end: number): TokenSequences => ({
    tokens: int32(
      [end - first, length],
      Int32Array.from(tokens.data.subarray(first * length, end * length)),
    ),
    labels: int32([end - first], Int32Array.from(labels.data.subarray(first, end))),
  });
  return [part(0, count), part(count, total)];
}
