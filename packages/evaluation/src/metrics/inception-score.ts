import type { Metric } from '@ar-distill/core';
import { requireLogits } from '../features/measured-inputs';

/** Images that a score is of; that of more is the mean over parts of them, in order. */
const SPLIT = 5000;

/**
 * exp of the mean divergence of an image's classes from those of all images (Salimans et al., 2016), with
 * the network's classes, over splits as in the evaluator of ADM, whose last one may be smaller.
 */
export const INCEPTION_SCORE: Metric = {
  name: 'inception-score',
  title: 'Inception score',
  summary:
    'how sure the network is of the class of an image, and how many classes there are; only values of the same network compare',
  unit: 'number',
  decimals: 2,
  better: 'higher',
  needs: ['logits'],
  compute(images) {
    const { data, dimension } = requireLogits(images);
    const scores: number[] = [];
    for (let first = 0; first < images.count; first += SPLIT) {
      const last = Math.min(first + SPLIT, images.count);
      scores.push(scoreOf(data.subarray(first * dimension, last * dimension), dimension));
    }
    return { [this.name]: scores.reduce((sum, score) => sum + score, 0) / scores.length };
  },
};

/** Entropy of the mean less the mean entropy is the mean divergence from the mean. */
function scoreOf(logits: Float32Array, classes: number): number {
  const count = logits.length / classes;
  const mean = new Float64Array(classes);
  let meanEntropy = 0;
  for (let image = 0; image < count; image++) {
    const probabilities = softmax(logits.subarray(image * classes, (image + 1) * classes));
    meanEntropy += entropy(probabilities) / count;
    for (const [i, p] of probabilities.entries()) mean[i]! += p / count;
  }
  return Math.exp(entropy(mean) - meanEntropy);
}

function softmax(logits: Float32Array): Float64Array {
  const largest = Math.max(...logits);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function entropy(probabilities: Float64Array): number {
  let sum = 0;
  for (const p of probabilities) if (p !== 0) sum -= p * Math.log(p);
  return sum;
}
