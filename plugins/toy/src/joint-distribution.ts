import type { ToyArchitecture } from './architecture';

/** A joint distribution over n tokens of V codes, and what follows from it exactly. */
export class JointDistribution {
  /** Conditionals of every position. */
  private readonly tables: readonly Float64Array[];

  /**
   * `probabilities`: V^n values, row-major; they are normalised to sum to 1.
   * @throws RangeError when the number of values is another one, or they are no probabilities.
   */
  constructor(
    readonly vocabSize: number,
    readonly sequenceLength: number,
    private readonly probabilities: readonly number[],
  ) {
    if (probabilities.length !== vocabSize ** sequenceLength) {
      throw new RangeError(
        `A joint distribution of ${sequenceLength} tokens of ${vocabSize} codes has ${vocabSize ** sequenceLength} values, not ${probabilities.length}.`,
      );
    }
    const wrong = probabilities.findIndex((value) => !(Number.isFinite(value) && value >= 0));
    if (wrong >= 0) {
      throw new RangeError(
        `Value ${wrong} of a joint distribution must be a number of 0 or more, not ${probabilities[wrong]}.`,
      );
    }
    const total = probabilities.reduce((sum, value) => sum + value, 0);
    if (!(total > 0 && Number.isFinite(total))) {
      throw new RangeError(
        `The values of a joint distribution must have a finite sum above 0, not ${total}.`,
      );
    }
    this.probabilities = probabilities.map((value) => value / total);
    this.tables = Array.from({ length: sequenceLength }, (_, i) => this.conditionalTable(i));
  }

  /** p(q_1 … q_length), row-major: V^length values. */
  prefixProbabilities(length: number): Float64Array {
    const result = new Float64Array(this.vocabSize ** length);
    const share = this.vocabSize ** (this.sequenceLength - length);
    this.probabilities.forEach((value, i) => {
      result[Math.floor(i / share)]! += value;
    });
    return result;
  }

  /**
   * p(q_{position+1} | prefix) for every prefix of `position` tokens: V^position rows of V values.
   * A prefix of probability 0 gives a uniform row: a generator that strays there still gets a score.
   */
  conditionals(position: number): Float64Array {
    const table = this.tables[position];
    if (!table) throw new RangeError(`There is no position ${position} of ${this.sequenceLength}.`);
    return table;
  }

  /** Token sequence drawn by inverse transform from n uniforms. */
  sample(uniforms: ArrayLike<number>): number[] {
    const tokens: number[] = [];
    let row = 0;
    for (let position = 0; position < this.sequenceLength; position++) {
      const conditionals = this.conditionals(position);
      const offset = row * this.vocabSize;
      let token = 0;
      let mass = conditionals[offset]!;
      while (uniforms[position]! >= mass && token < this.vocabSize - 1) {
        token++;
        mass += conditionals[offset + token]!;
      }
      // Rounding can leave the last code of probability 0: step back to one that can occur.
      while (conditionals[offset + token] === 0 && token > 0) token--;
      tokens.push(token);
      row = row * this.vocabSize + token;
    }
    return tokens;
  }

  private conditionalTable(position: number): Float64Array {
    const prefixes = this.prefixProbabilities(position);
    return this.prefixProbabilities(position + 1).map((value, i) => {
      const prefix = prefixes[Math.floor(i / this.vocabSize)]!;
      return prefix > 0 ? value / prefix : 1 / this.vocabSize;
    });
  }

  /** ½ Σ |p − counts/total| over all sequences; `counts` has V^n entries. */
  totalVariation(counts: ArrayLike<number>): number {
    const total = sumOf(counts);
    return (
      this.probabilities.reduce((sum, value, i) => sum + Math.abs(value - counts[i]! / total), 0) /
      2
    );
  }

  /**
   * How far the conditional of every token is from the exact one after the prefixes that were drawn, not the exact
   * ones: E_prefix ½ Σ_token |counts(prefix, token)/counts(prefix) − p(token | prefix)|, in [0, 1], where prefixes
   * come as often as in `counts`, which has V^n entries. Together they are at least the total variation.
   */
  conditionalVariations(counts: ArrayLike<number>): number[] {
    const { vocabSize, sequenceLength } = this;
    const total = sumOf(counts);
    return Array.from({ length: sequenceLength }, (_, position) => {
      const drawn = leadingCounts(counts, vocabSize ** (sequenceLength - position - 1));
      const prefixes = leadingCounts(drawn, vocabSize);
      const distance = this.conditionals(position).reduce((sum, probability, i) => {
        const expected = probability * prefixes[Math.floor(i / vocabSize)]!;
        return sum + Math.abs(drawn[i]! - expected);
      }, 0);
      return distance / (2 * total);
    });
  }
}

/** Sums of `share` counts each: how often every prefix was drawn of which so many sequences begin. */
function leadingCounts(counts: ArrayLike<number>, share: number): Float64Array {
  const result = new Float64Array(counts.length / share);
  for (let i = 0; i < counts.length; i++) result[Math.floor(i / share)]! += counts[i]!;
  return result;
}

function sumOf(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return total;
}

/**
 * Total variation between the exact joint distribution and generated `sequences` [N, n, C] (scaled),
 * every vector replaced by its nearest code.
 * @throws RangeError saying which vector is not finite.
 */
export function totalVariation(
  architecture: ToyArchitecture,
  sequences: ArrayLike<number>,
): number {
  return jointOf(architecture).totalVariation(countSequences(architecture, sequences));
}

/**
 * The total variation of `sequences` [N, n, C] (scaled), and of the conditional of every AR step given their own
 * prefixes, see `JointDistribution.conditionalVariations`.
 * @throws RangeError saying which vector is not finite.
 */
export function measureSequences(
  architecture: ToyArchitecture,
  sequences: ArrayLike<number>,
): Record<string, number> {
  const counts = countSequences(architecture, sequences);
  const joint = jointOf(architecture);
  const steps = joint
    .conditionalVariations(counts)
    .map((value, i) => [`stepVariation${i + 1}`, value] as const);
  return { totalVariation: joint.totalVariation(counts), ...Object.fromEntries(steps) };
}

function jointOf({ codebook, sequenceLength, joint }: ToyArchitecture): JointDistribution {
  return new JointDistribution(codebook.length, sequenceLength, joint);
}

/** How often every sequence of codes was drawn, V^n counts. */
function countSequences(
  { codebook, sequenceLength, codeScale }: ToyArchitecture,
  sequences: ArrayLike<number>,
): Float64Array {
  const V = codebook.length;
  const C = codebook[0]!.length;
  const counts = new Float64Array(V ** sequenceLength);
  for (let start = 0; start < sequences.length; start += sequenceLength * C) {
    let row = 0;
    for (let position = 0; position < sequenceLength; position++) {
      const offset = start + position * C;
      const distances = codebook.map((code) =>
        code.reduce((sum, value, c) => sum + (sequences[offset + c]! / codeScale - value) ** 2, 0),
      );
      const nearest = distances.indexOf(Math.min(...distances));
      if (nearest < 0 || !Number.isFinite(distances[nearest])) {
        throw new RangeError(
          `Position ${position} of sequence ${start / (sequenceLength * C)} is not finite: it has no nearest code.`,
        );
      }
      row = row * V + nearest;
    }
    counts[row]!++;
  }
  return counts;
}
