import { progressiveEmaDecay } from './ema-schedule';
import { learningRateSchedule } from './learning-rate';

const options = {
  peak: 1,
  initial: 0.1,
  warmUpFraction: 0.1,
  finalFraction: 0.02,
  iterations: 100,
} as const;

test('warms up linearly, then stays', () => {
  const rate = learningRateSchedule({ ...options, decay: 'constant' });
  expect(rate(0)).toBeCloseTo(0.1);
  expect(rate(5)).toBeCloseTo(0.55);
  expect(rate(10)).toBe(1);
  expect(rate(99)).toBe(1);
});

test('the cosine falls monotonically to the final fraction', () => {
  const rate = learningRateSchedule({ ...options, decay: 'cosine' });
  const rates = Array.from({ length: 100 }, (_, i) => rate(i));
  expect(rates[10]).toBeCloseTo(1);
  expect(rates[99]).toBeCloseTo(0.02);
  for (let i = 11; i < 100; i++) expect(rates[i]).toBeLessThan(rates[i - 1]!);
  expect(rate(1000)).toBeCloseTo(0.02);
});

test('no warm-up, only warm-up and one iteration are legal', () => {
  expect(learningRateSchedule({ ...options, warmUpFraction: 0, decay: 'cosine' })(0)).toBe(1);
  const rising = learningRateSchedule({ ...options, warmUpFraction: 1, decay: 'cosine' });
  expect(rising(99)).toBeCloseTo(0.991);
  expect(learningRateSchedule({ ...options, iterations: 1, decay: 'cosine' })(0)).toBe(1);
});

test('the moving average forgets its start', () => {
  expect(progressiveEmaDecay(0, 0.9999)).toBeCloseTo(0.1);
  expect(progressiveEmaDecay(89, 0.9999)).toBeCloseTo(90 / 99);
  expect(progressiveEmaDecay(1e6, 0.9999)).toBe(0.9999);
});
