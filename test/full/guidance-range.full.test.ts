import { guidanceOf } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { coinDistillation, headsAt } from '../training/coin-teacher';
import { distilIn, memoryRun } from '../training/memory-run';

const rng = createRng(3);

it('one generator has the distribution of every scale of the range', async () => {
  const engine = createEngine({ worker: false, threads: 1 });
  const subject = coinDistillation(2, {
    guidanceRange: [1, 4],
    teacherPoolSize: 2048,
    tuning: {
      headIterations: 0,
      fullIterations: 200,
      batchSize: 64,
      learningRate: 4e-3,
      noiseDraws: 2,
    },
    generatorIterations: 200,
    guidanceUpdates: 2,
    batchSize: 64,
    guidanceNoiseDraws: 2,
    generatorLearningRate: 1e-3,
    guidanceLearningRate: 3e-3,
    emaDecay: 0.98,
  });
  const run = memoryRun();
  const { rows, pool } = await distilIn(run, subject, { compiler: engine, rng });
  expect(pool).toBeUndefined();
  const COUNT = 4096;
  const sampler = await rows[0]!.open(engine, COUNT);
  expect(sampler.evaluations).toBe(1);
  const labels = subject.teacher.condition.inTurn(0, COUNT);
  /** Shares of +1 among first coins, and of second coins that fell as the first. */
  const shareOf = async (given: object): Promise<readonly [number, number]> => {
    const { sequence } = await sampler.sample({ ...labels, ...given }, rng, 0);
    const coins = Array.from({ length: COUNT }, (_, i) => sequence.data.slice(2 * i, 2 * i + 2));
    const share = (holds: (coins: Float32Array | Int32Array) => boolean): number =>
      coins.filter(holds).length / COUNT;
    return [
      share(([first = 0]) => first > 0),
      share(([first = 0, second = 0]) => first * second > 0),
    ];
  };
  const scales = [1, 2, 4];
  const shares: (readonly [number, number])[] = [];
  for (const scale of scales) {
    shares.push(await shareOf(guidanceOf(new Float32Array(COUNT).fill(scale))));
  }
  for (const coin of [0, 1] as const) {
    const own = shares.map((share) => share[coin]);
    own.forEach((share, i) => expect(Math.abs(share - headsAt(scales[i]!))).toBeLessThan(0.12));
    expect(own).toEqual(own.toSorted((a, b) => a - b));
    expect(own[2]! - own[0]!).toBeGreaterThan(0.2);
  }
  // The row of the report is of the scale that the teacher draws with.
  expect(await shareOf({})).toEqual(shares[1]);
  await sampler.dispose();
  await engine.dispose();
}, 300_000);
