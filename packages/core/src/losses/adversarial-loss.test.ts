import * as tf from '@tensorflow/tfjs';
import { logProbabilities, denoisedFromProbabilities, mixtureLogWeights } from '../score/mixture';
import { interpolate } from '../score/rectified-flow';
import { densityRatioLoss, discriminatorLoss, nonSaturatingLoss } from './adversarial-loss';
import { csdLoss } from './csd-loss';

const layout = { channels: 2, stepLengths: [1, 2] };
const EVEN = { stepWeights: [1, 1], layout };
const softplus = (x: number): number => Math.log1p(Math.exp(x));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('the losses of both sides are those of the logits, by hand', () => {
  const real = [2.5, -0.3, 0.9, -40];
  const generated = [-1.2, 0.4, 30];
  const { loss, metrics } = discriminatorLoss({
    real: tf.tensor(real, [2, 2]),
    generated: tf.tensor(generated, [1, 3]),
  });
  const expected = mean(real.map((d) => softplus(-d))) + mean(generated.map(softplus));
  expect(loss.dataSync()[0]).toBeCloseTo(expected, 4);
  expect(metrics['accuracy']!.dataSync()[0]).toBeCloseTo((2 / 4 + 1 / 3) / 2, 6);
  expect(metrics['realLogit']!.dataSync()[0]).toBeCloseTo(mean(real), 4);
  expect(metrics['generatedLogit']!.dataSync()[0]).toBeCloseTo(mean(generated), 4);

  const logits = [0.7, -2, 3, -0.1, 5, -30];
  const own = nonSaturatingLoss(tf.tensor(logits, [2, 3]), { stepWeights: [3, 1], layout });
  const weights = [3, 1, 1, 3, 1, 1];
  const weighted = mean(logits.map((d, i) => weights[i]! * softplus(-d)));
  expect(own.dataSync()[0]).toBeCloseTo(weighted, 4);
});

test('the best logit is the logarithm of the density ratio', () => {
  // Three places, at which this many real and generated tokens of 10 each lie.
  const real = [6, 3, 1];
  const generated = [2, 3, 5];
  const places = (counts: readonly number[]): tf.Tensor1D =>
    tf.tensor1d(
      counts.flatMap((count, place) => new Array<number>(count).fill(place)),
      'int32',
    );
  const lossOf = (table: tf.Tensor): tf.Scalar =>
    discriminatorLoss({
      real: tf.gather(table, places(real)),
      generated: tf.gather(table, places(generated)),
    }).loss.asScalar();
  const best = tf.tensor1d(real.map((count, i) => Math.log(count / generated[i]!)));
  const slope = tf.grad(lossOf);
  for (const value of slope(best).dataSync()) expect(Math.abs(value)).toBeLessThan(1e-6);
  // It has teeth: anywhere else there is a slope that leads back.
  const above = slope(best.add(0.5)).dataSync();
  const below = slope(best.sub(0.5)).dataSync();
  for (const i of real.keys()) {
    expect(above[i]).toBeGreaterThan(0.01);
    expect(below[i]).toBeLessThan(-0.01);
  }
});

test('with the exact logit of two mixtures the gradient is the DMD form’s times 1 − t', () => {
  const codebook = tf.tensor2d([1, 1, 1, -1, -1, 1, -1, -1], [4, 2]);
  const mixtures = { real: [0.1, 0.6, 0.2, 0.1], generated: [0.4, 0.1, 0.1, 0.4] };
  const t = tf.tensor2d([0.15, 0.5, 0.8, 0.3, 0.95, 1], [2, 3]);
  const values = (phase: number): tf.Tensor =>
    tf.tensor(
      Array.from({ length: 12 }, (_, i) => Math.sin(2.3 * i + phase)),
      [2, 3, 2],
    );
  const generated = values(1);
  const xT = interpolate(generated, values(4), t);
  const seen = (probabilities: readonly number[], x: tf.Tensor) => ({
    logProbs: logProbabilities(tf.tensor(probabilities, [1, 1, 4])),
    codebook,
    xT: x,
    t,
  });
  const logDensity = (probabilities: readonly number[], x: tf.Tensor): tf.Tensor =>
    tf.logSumExp(mixtureLogWeights(seen(probabilities, x)), -1);
  const logitGradient = tf.grad((x: tf.Tensor) =>
    tf.sum(tf.sub(logDensity(mixtures.real, x), logDensity(mixtures.generated, x))),
  )(xT);
  const weights = { stepWeights: [3, 1], layout };
  const byRatio = tf
    .grad((q: tf.Tensor) =>
      densityRatioLoss({ generated: q, logitGradient, t }, weights).loss.asScalar(),
    )(generated)
    .dataSync();
  const byScores = tf.grad((q: tf.Tensor) =>
    csdLoss(
      {
        generated: q,
        teacherDenoised: denoisedFromProbabilities(seen(mixtures.real, xT)),
        guidanceDenoised: denoisedFromProbabilities(seen(mixtures.generated, xT)),
      },
      { ...weights, objective: 'dmd', alpha: 1, normalizer: 'none' },
    ).loss.asScalar(),
  )(generated);
  const expected = byScores.mul(tf.sub(1, t).expandDims(-1)).dataSync();
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.02);
  byRatio.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
});

test('the gradient of the density ratio is a constant', () => {
  const generated = tf.ones([1, 3, 2]);
  const byGradient = tf.grad((logitGradient: tf.Tensor) =>
    densityRatioLoss({ generated, logitGradient, t: tf.fill([1, 3], 0.5) }, EVEN).loss.asScalar(),
  )(tf.ones([1, 3, 2]));
  expect(byGradient.abs().max().dataSync()[0]).toBe(0);
});
