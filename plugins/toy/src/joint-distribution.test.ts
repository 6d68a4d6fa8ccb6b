import { JointDistribution, totalVariation } from './joint-distribution';
import { THREE_TOKEN_JOINT } from './three-token-joint';
import { toyArchitectureSchema } from './architecture';

const architecture = toyArchitectureSchema.parse(THREE_TOKEN_JOINT);
const joint = new JointDistribution(4, 3, THREE_TOKEN_JOINT.joint);
const DRAWS = 40000;

/** Additive recurrence with irrational steps: evenly spread points in the unit cube. */
const uniforms = (i: number): number[] =>
  [Math.SQRT2, Math.sqrt(3), Math.sqrt(5)].map((step) => (i * step) % 1);

const vectors = (tokens: readonly number[]): number[] =>
  tokens.flatMap((token) => THREE_TOKEN_JOINT.codebook[token]!);

describe('JointDistribution', () => {
  it('has conditionals whose product is the joint', () => {
    const [first, second, third] = [0, 1, 2].map((position) => joint.conditionals(position));
    THREE_TOKEN_JOINT.joint.forEach((probability, i) => {
      const product = first![i >> 4]! * second![i >> 2]! * third![i]!;
      expect(product).toBeCloseTo(probability, 8);
    });
  });

  it('samples what it says: 40,000 stratified draws are within 0.02 of the joint', () => {
    const sequences = Array.from({ length: DRAWS }, (_, i) => vectors(joint.sample(uniforms(i))));
    expect(totalVariation(architecture, sequences.flat())).toBeLessThan(0.02);
  });

  it('finds independent tokens 0.61 away from the joint', () => {
    // Every token from another draw: its marginal stays, what ties it to the others goes.
    const draws = Array.from({ length: DRAWS }, (_, i) => joint.sample(uniforms(i)));
    const mixed = draws.map((draw, i) =>
      vectors([draw[0]!, draws[(i * 7 + 11) % DRAWS]![1]!, draws[(i * 13 + 5) % DRAWS]![2]!]),
    );
    expect(Math.abs(totalVariation(architecture, mixed.flat()) - 0.6116)).toBeLessThan(0.02);
  });

  it('finds how far conditionals are from the exact ones after the prefixes that were drawn', () => {
    // p(0) = 0.75; p(0 | 0) = 2/3, p(0 | 1) = 1: drawn half and half, 0 and 1 after 0, 0 and 1 after 1.
    const small = new JointDistribution(2, 2, [0.5, 0.25, 0.25, 0]);
    const [first, second] = small.conditionalVariations([10, 10, 10, 10]);
    expect(first).toBeCloseTo(0.25, 12);
    expect(second).toBeCloseTo(0.5 * (2 / 3 - 1 / 2) + 0.5 * (1 - 1 / 2), 12);
    expect(small.conditionalVariations([2, 1, 1, 0])).toEqual([0, 0]);
  });

  it('has conditionals that together are at least as far as the joint', () => {
    const mixed = Array.from({ length: 64 }, (_, i) => (i * 37) % 11);
    const parts = joint.conditionalVariations(mixed);
    const total = parts.reduce((sum, value) => sum + value, 0);
    expect(Math.min(...parts)).toBeGreaterThan(0);
    expect(total).toBeGreaterThanOrEqual(joint.totalVariation(mixed));
    // The first alone is the total variation of first tokens.
    const firsts = [0, 1, 2, 3].map((token) =>
      mixed.slice(16 * token, 16 * token + 16).reduce((sum, value) => sum + value, 0),
    );
    const marginal = new JointDistribution(4, 1, [...joint.prefixProbabilities(1)]);
    expect(parts[0]).toBeCloseTo(marginal.totalVariation(firsts), 12);
  });

  it.each([NaN, Infinity, -0.5])('refuses %p as a probability', (value) => {
    const values = new Array<number>(8).fill(0.125).with(5, value);
    expect(() => new JointDistribution(2, 3, values)).toThrow(
      `Value 5 of a joint distribution must be a number of 0 or more, not ${value}.`,
    );
  });

  it('refuses values that cannot be normalised', () => {
    expect(() => new JointDistribution(2, 1, [0, 0])).toThrow('a finite sum above 0, not 0.');
    const largest = Number.MAX_VALUE;
    expect(() => new JointDistribution(2, 1, [largest, largest])).toThrow('not Infinity.');
  });

  it.each([NaN, Infinity])('counts no sequence that holds %p', (value) => {
    const sequences = [vectors([0, 1, 2]), vectors([1, 2, 3])].flat();
    const place = sequences.length - 1;
    expect(() => totalVariation(architecture, sequences.with(place, value))).toThrow(
      'Position 2 of sequence 1 is not finite: it has no nearest code.',
    );
  });

  it('refuses a table of the wrong size', () => {
    expect(() => new JointDistribution(4, 3, [1])).toThrow(
      'A joint distribution of 3 tokens of 4 codes has 64 values, not 1.',
    );
    expect(() => toyArchitectureSchema.parse({ ...THREE_TOKEN_JOINT, joint: [1] })).toThrow(
      'must hold 4^3 probabilities, not 1',
    );
  });
});
