import { createRng } from '@ar-distill/program';
import { featureStatistics, type FeatureStatistics } from './feature-statistics';
import { frechetBias } from './frechet-bias';
import { frechetDistance } from './frechet-distance';

const DIMENSION = 6;

/** The Gaussian that the features below are drawn from. */
const STANDARD: FeatureStatistics = {
  count: Infinity,
  dimension: DIMENSION,
  mean: new Float64Array(DIMENSION),
  covariance: Float64Array.from({ length: DIMENSION ** 2 }, (_, at) =>
    at % (DIMENSION + 1) === 0 ? 1 : 0,
  ),
};

it.each([
  ['of the same Gaussian', 0],
  ['of one further away', 2],
])('what is found from halves is what the number of images adds, %s', (_name, shift) => {
  const count = 500;
  const draws = 60;
  let found = 0;
  let excess = 0;
  for (let draw = 0; draw < draws; draw++) {
    const data = createRng(draw)
      .normal('features', 0, count * DIMENSION)
      .map((z, at) => z + (at % DIMENSION === 0 ? shift : 0));
    const distance = frechetDistance(featureStatistics(data, DIMENSION), STANDARD);
    found += frechetBias({ data, dimension: DIMENSION }, STANDARD, distance)! / draws;
    excess += (distance - shift ** 2) / draws;
  }
  // To first order in 1/N: D/N of the mean and, as tr (S − 1)²/4, D(D + 1)/4N of the covariance.
  const exact = (DIMENSION + (DIMENSION * (DIMENSION + 1)) / 4) / count;
  expect(Math.abs(found / exact - 1)).toBeLessThan(0.25);
  if (shift === 0) expect(Math.abs(excess / exact - 1)).toBeLessThan(0.2);
});

it('is not told of fewer than four images', () => {
  const features = { data: new Float32Array(3 * DIMENSION), dimension: DIMENSION };
  expect(frechetBias(features, STANDARD, 1)).toBeUndefined();
});
