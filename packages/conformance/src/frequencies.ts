import type { SampledSequences } from '@ar-distill/core';
import type { HostTensor } from '@ar-distill/program';
import { equalValues, requireThat } from './assertions';

/** Standard deviations that chance does not reach: six in a thousand million draws. */
const TOO_FAR = 6;
/** Expected variance of a count from which on it is close to normal. */
const ENOUGH = 8;

/** What many sequences say about how they were drawn. */
export interface DrawStatistics {
  readonly length: number;
  readonly vocabSize: number;
  /** Sequences N. */
  readonly count: number;
  /** How often each token was drawn at each position, [n, V]. */
  readonly counts: Float64Array;
  /** What the probabilities after the prefixes that were drawn add up to, [n, V]. */
  readonly expected: Float64Array;
  /** Variance of the counts, if every token is drawn with its probability, [n, V]. */
  readonly variance: Float64Array;
  /**
   * The middle of the interval that a token has in the distribution after its prefix, less ½ [N, n]:
   * of mean 0 after any prefix, and of the uniform that the token was drawn with.
   */
  readonly places: Float64Array;
  /** What was drawn, [N, n]. */
  readonly tokens: Int32Array;
}

/** Sequences that were drawn together, and the probabilities of every token after their prefixes. */
export interface DrawnBatch {
  readonly drawn: SampledSequences;
  /** [B, n, V]. */
  readonly probabilities: HostTensor;
}

/** Compares drawn tokens with the probabilities that the teacher gives after the drawn prefixes. */
export function drawStatistics(batches: readonly DrawnBatch[]): DrawStatistics {
  const [batchSize = 0, length = 0, vocabSize = 0] = batches[0]?.probabilities.shape ?? [];
  const count = batches.length * batchSize;
  const [counts, expected, variance] = [0, 1, 2].map(
    () => new Float64Array(length * vocabSize),
  ) as [Float64Array, Float64Array, Float64Array];
  const places = new Float64Array(count * length);
  const tokens = new Int32Array(count * length);
  for (const [batch, { drawn, probabilities: given }] of batches.entries()) {
    const { data: probabilities } = given;
    for (let row = 0; row < batchSize * length; row++) {
      const token = drawn.tokens!.data[row]!;
      tokens[batch * batchSize * length + row] = token;
      const cell = (row % length) * vocabSize;
      counts[cell + token]! += 1;
      let below = 0;
      for (let v = 0; v < vocabSize; v++) {
        const p = probabilities[row * vocabSize + v]!;
        expected[cell + v]! += p;
        variance[cell + v]! += p * (1 - p);
        if (v < token) below += p;
      }
      places[batch * batchSize * length + row] =
        below + probabilities[row * vocabSize + token]! / 2 - 0.5;
    }
  }
  return { length, vocabSize, count, counts, expected, variance, places, tokens };
}

/** Requires that every token is drawn as often as the probabilities say, as far as chance allows. */
export function requireFrequencies(statistics: DrawStatistics): void {
  const { vocabSize, count, counts, expected, variance } = statistics;
  for (let cell = 0; cell < counts.length; cell++) {
    // Rare tokens: as many as a normal count of the smallest variance that is close to one.
    const deviation = Math.sqrt(Math.max(variance[cell]!, ENOUGH));
    const [drawn, wanted] = [counts[cell]!, expected[cell]!];
    requireThat(
      Math.abs(drawn - wanted) <= TOO_FAR * deviation,
      `Of ${count} sequences ${drawn} have token ${cell % vocabSize} at position ${Math.floor(cell / vocabSize)}, where the probabilities give ${wanted.toFixed(1)} ± ${deviation.toFixed(1)}.`,
    );
  }
}

/** Whether chance decides anything: with certain tokens nothing is drawn. */
export function isRandom({ variance }: DrawStatistics): boolean {
  return variance.some((own) => own >= ENOUGH);
}

/** Of two times the same sequences, how many differ. */
export function countOthers(a: DrawStatistics, b: DrawStatistics): number {
  let others = 0;
  for (let sample = 0; sample < a.count; sample++) {
    const [own, other] = [a, b].map(({ tokens, length }) =>
      tokens.subarray(sample * length, (sample + 1) * length),
    );
    if (!equalValues(own!, other!)) others++;
  }
  return others;
}

/** Requires that neither positions of a sequence nor neighbours of a batch are drawn alike. */
export function requireOwnNumbers({ count, length, places }: DrawStatistics): void {
  const at = (sample: number, position: number): number => places[sample * length + position]!;
  const correlation = (
    pairs: number,
    first: (i: number) => number,
    second: (i: number) => number,
  ) => {
    let [product, squares1, squares2] = [0, 0, 0];
    for (let i = 0; i < pairs; i++) {
      const [a, b] = [first(i), second(i)];
      product += a * b;
      squares1 += a * a;
      squares2 += b * b;
    }
    // Where every token is certain nothing is drawn.
    const size = Math.sqrt(squares1 * squares2);
    return size > 1e-3 * pairs ? product / size : 0;
  };
  const limit = TOO_FAR / Math.sqrt(count);
  for (let own = 0; own < length; own++) {
    const neighbours = correlation(
      count - 1,
      (i) => at(i, own),
      (i) => at(i + 1, own),
    );
    requireThat(
      Math.abs(neighbours) <= limit,
      `At position ${own} neighbouring samples of a batch are drawn alike (correlation ${neighbours.toFixed(2)}).`,
    );
    for (let other = 0; other < own; other++) {
      const together = correlation(
        count,
        (i) => at(i, other),
        (i) => at(i, own),
      );
      requireThat(
        Math.abs(together) <= limit,
        `Positions ${other} and ${own} are drawn alike (correlation ${together.toFixed(2)}).`,
      );
    }
  }
}
