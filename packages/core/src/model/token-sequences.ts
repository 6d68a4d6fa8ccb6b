import type { HostTensor, HostTensors } from '@ar-distill/program';
import { conditionInputs, conditionRows } from './condition';

/** Token sequences with what they were made for. */
export interface TokenSequences {
  /** [N, n] int32. */
  readonly tokens: HostTensor;
  /** [N, …]. */
  readonly condition: Readonly<HostTensors>;
}

/** Rows of the sequences by their numbers: `tokens` [B, n], and the condition as inputs of a program. */
export function tokenBatch({ tokens, condition }: TokenSequences, rows: Int32Array): HostTensors {
  return conditionRows({ tokens, ...conditionInputs(condition) }, rows);
}

/** The first `count` sequences, and the others. */
export function splitSequences(
  { tokens, condition }: TokenSequences,
  count: number,
): readonly [TokenSequences, TokenSequences] {
  const total = tokens.shape[0]!;
  const part = (first: number, end: number): TokenSequences => {
    const rows = Int32Array.from({ length: end - first }, (_, i) => first + i);
    const { tokens: own } = conditionRows({ tokens }, rows);
    return { tokens: own!, condition: conditionRows(condition, rows) };
  };
  return [part(0, count), part(count, total)];
}
