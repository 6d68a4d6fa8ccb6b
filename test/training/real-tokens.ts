import type { ConditionalScoreTeacher, RealSequences } from '@ar-distill/core';
import { ofClasses, sequenceLength } from '@ar-distill/core';
import { createRng, int32 } from '@ar-distill/program';

/** Tokens encoded at a time. */
const BATCH = 10;

/**
 * Real sequences of one class for tests, all of whose tokens are 1 with a share of `ones`, else 0; `onBatch` is
 * told where each batch starts, before it is taken.
 */
export function realTokens(
  { layout }: Pick<ConditionalScoreTeacher, 'layout'>,
  { count = 32, ones = 0.5 }: { readonly count?: number; readonly ones?: number } = {},
  onBatch: (first: number) => void = () => undefined,
): RealSequences {
  const n = sequenceLength(layout);
  const tokens = Int32Array.from(createRng(3).uniform('real', 0, count * n), (u) =>
    u < ones ? 1 : 0,
  );
  return {
    count,
    encode: async (from, take) => {
      for (let first = from; first < count; first += BATCH) {
        onBatch(first);
        const size = Math.min(BATCH, count - first);
        await take(int32([size, n], tokens.slice(first * n, (first + size) * n)));
      }
    },
    condition: async () => ofClasses(new Int32Array(count)),
  };
}
