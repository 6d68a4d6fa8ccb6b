import * as tf from '@tensorflow/tfjs';
import { truncatedLogProbs } from './truncation';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** The rules word for word, in float64: top-k, then top-p on what it leaves, ties together. */
function naive(logits: number[], topK: number, topP: number, temperature = 1): number[] {
  const scaled = logits.map((logit) => logit / temperature);
  const descending = [...scaled].sort((a, b) => b - a);
  const kth = topK > 0 ? descending[Math.min(topK, logits.length) - 1]! : -Infinity;
  const softmax = (values: number[]): number[] => {
    const powers = values.map((value) => Math.exp(value - descending[0]!));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  };
  let kept = scaled.map((logit) => (logit >= kth ? logit : -Infinity));
  if (topP < 1) {
    const probabilities = softmax(kept);
    kept = kept.map((logit, j) => {
      const upToHere = probabilities.reduce((sum, p, i) => (kept[i]! <= logit ? sum + p : sum), 0);
      const isLargest = scaled[j] === descending[0];
      return upToHere > 1 - topP || isLargest ? logit : -Infinity;
    });
  }
  return softmax(kept);
}

/** Pseudo-random logits on a coarse grid, so that many tie. */
function tiedLogits(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * 9) * 0.7 - 3;
  });
}

const probabilities = (log: tf.Tensor): number[] => Array.from(tf.exp(log).dataSync());

test.each([
  [0, 1],
  [5, 1],
  [1, 1],
  [100, 1],
  [0, 0.9],
  [0, 0.3],
  [0, 1e-6],
  [6, 0.8],
  [12, 0.95],
  [3, 0.5],
])('top-k %p and top-p %p follow the rules, also with ties', (topK, topP) => {
  for (let seed = 1; seed <= 40; seed++) {
    const logits = tiedLogits(23, seed);
    const actual = probabilities(truncatedLogProbs(tf.tensor1d(logits), { topK, topP }));
    const expected = naive(logits, topK, topP);
    actual.forEach((value, j) => {
      expect(value).toBeCloseTo(expected[j]!, 6);
      if (expected[j] === 0) expect(value).toBe(0);
    });
  }
});

test('codes tied with the k-th are all kept', () => {
  const kept = probabilities(truncatedLogProbs(tf.tensor1d([1, 2, 1, 0, 1]), { topK: 2 }));
  expect(kept.map((p) => p > 0)).toEqual([true, true, true, false, true]);
});

test('the mass of ties outside the k counts in top-p', () => {
  // Masses 3 : 1 : 1 : 1; three codes tie for the second place. All of them together hold one half.
  const logits = [Math.log(3), 0, 0, 0, -9];
  const kept = (topP: number): number[] =>
    probabilities(truncatedLogProbs(tf.tensor1d(logits), { topK: 2, topP }));
  expect(kept(0.55).map((p) => p > 0)).toEqual([true, true, true, true, false]);
  expect(kept(0.45).map((p) => p > 0)).toEqual([true, false, false, false, false]);
});

test('the temperature comes before the truncation', () => {
  const logits = tiedLogits(23, 3).map((logit, i) => logit + i * 0.01);
  const options = { topK: 9, topP: 0.8, temperature: 2.5 };
  const actual = probabilities(truncatedLogProbs(tf.tensor1d(logits), options));
  naive(logits, 9, 0.8, 2.5).forEach((value, j) => expect(actual[j]).toBeCloseTo(value, 6));
});

test('rows are independent and excluded codes are finite', () => {
  const rows = [tiedLogits(11, 5), tiedLogits(11, 6)];
  const log = truncatedLogProbs(tf.tensor(rows.flat(), [1, 2, 11]), { topK: 4, topP: 0.9 });
  expect(log.shape).toEqual([1, 2, 11]);
  expect(Array.from(log.dataSync()).every(Number.isFinite)).toBe(true);
  const single = truncatedLogProbs(tf.tensor1d(rows[1]!), { topK: 4, topP: 0.9 });
  expect(log.dataSync().slice(11)).toEqual(single.dataSync());
});

test.each([[{ topP: 0 }], [{ topP: 1.5 }], [{ topK: -1 }], [{ temperature: 0 }]])(
  'refuses %p',
  (truncation) => {
    expect(() => truncatedLogProbs(tf.tensor1d([1, 2]), truncation)).toThrow(RangeError);
  },
);
