import { type DistillationSubject, OneStepGenerator } from '@ar-distill/core';
import {
  csd,
  type DistillationSettings,
  distillationSettingsSchema,
} from '@ar-distill/core/methods';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { coinDistillation, headsAt } from './coin-teacher';
import { distilIn, memoryRun } from './memory-run';
import { shortDistillation } from './short-distillation';

const rng = createRng(3);
const RANGE = [1, 4];
// Small steps that run once or twice: tracing and compiling them takes longer than running them op by op.
const cpu = createEngine({ backend: 'cpu' });
afterAll(() => cpu.dispose());

/** An update or two of everything, alignment among them. */
const SHORT = {
  teacherPoolSize: 32,
  tuning: { headIterations: 2, fullIterations: 2, batchSize: 4, learningRate: 1e-2, noiseDraws: 1 },
  generatorIterations: 1,
  guidanceUpdates: 1,
  batchSize: 4,
  guidanceNoiseDraws: 1,
  generatorLearningRate: 1e-2,
  guidanceLearningRate: 1e-2,
  warmUpFraction: 0,
  phases: [{}, { trains: 'guidance', guidanceIterations: 1, fromAverage: true }, {}],
  checkpointInterval: 1,
};
const short = (more: object = {}): DistillationSubject<DistillationSettings> =>
  coinDistillation(2, { ...SHORT, guidanceRange: RANGE, ...more });

it('the sequences of the pool carry the scales that they were drawn at', async () => {
  const run = memoryRun();
  const subject = short({ teacherPoolSize: 6000, generatorIterations: 0 });
  const [drawing] = csd.start(subject, { compiler: cpu, rng }).stages;
  await drawing!.run(run.environment);
  const { tokens, guidance } = run.arrays.get('teacher-pool')!;
  for (const [lowest, highest] of [
    [1, 1.5],
    [3.5, 4],
  ] as const) {
    // First coins.
    const own = tokens!.data.filter((_, i) => {
      const scale = guidance!.data[i >> 1]!;
      return i % 2 === 0 && scale >= lowest && scale < highest;
    });
    const share = own.filter((token) => token === 1).length / own.length;
    // About 1,000 sequences: four standard deviations are 0.06, and the scales there differ by 0.1.
    expect(Math.abs(share - headsAt((lowest + highest) / 2))).toBeLessThan(0.07);
  }
});

it('goes on after interruptions in all stages and phases to the same bits', async () => {
  const whole = memoryRun();
  const { weights } = await distilIn(whole, short(), { compiler: cpu, rng });
  const run = memoryRun();
  for (const [iteration, stage] of [
    [1, 'tuning-head'],
    [1, 'tuning'],
    [1, 'distillation'],
    [2, 'distillation'],
  ] as const) {
    run.stopAfter(iteration, stage);
    await expect(distilIn(run, short(), { compiler: cpu, rng })).rejects.toThrow('Interrupted');
  }
  run.stopAfter(undefined);
  expect((await distilIn(run, short(), { compiler: cpu, rng })).weights).toEqual(weights);
  expect(run.arrays.get('tuning')).toEqual(whole.arrays.get('tuning'));
}, 120_000);

describe('is refused before anything runs', () => {
  const start = (subject: DistillationSubject<DistillationSettings>) => () =>
    csd.start(subject, { compiler: cpu, rng });

  it('where the teacher draws at another scale', () => {
    expect(start(coinDistillation(5, { ...SHORT, guidanceRange: RANGE }))).toThrow(
      'The guidance scale 5 of the teacher is not in "guidanceRange", 1 to 4: widen it, or give the teacher a guidance in it.',
    );
  });

  it('beside real images, which are of no scale', () => {
    expect(start(short({ adversarial: {} }))).toThrow(
      'Real images are of no guidance scale: leave "guidanceRange" or "adversarial" out.',
    );
  });

  it('with a teacher or a generator that takes none', () => {
    expect(start(shortDistillation({ guidanceRange: RANGE }))).toThrow(
      'The teacher of this backbone takes no guidance scale per sample: leave "guidanceRange" out.',
    );
    const { generator, ...subject } = short();
    class Closed extends OneStepGenerator {
      readonly layout = generator.layout;
      readonly condition = generator.condition;
      readonly parameterSpecs = generator.parameterSpecs;
      isTrainable = () => true;
      initialize = generator.initialize.bind(generator);
      generate = generator.generate.bind(generator);
    }
    expect(start({ ...subject, generator: new Closed() })).toThrow(
      'The generator of this backbone takes no guidance scale: leave "guidanceRange" out.',
    );
  });

  it.each([[[4, 1]], [[2, 2]], [[-1, 2]], [[1]], [3]])('as the range %j', (guidanceRange) => {
    expect(
      distillationSettingsSchema.safeParse({ ...short().settings, guidanceRange }).success,
    ).toBe(false);
  });
});

it('is a determinant of the pool, only where it is set', () => {
  const without = { ...short().settings, guidanceRange: undefined };
  expect(csd.plan!(short().settings).pool!.dependsOn).toContain('guidanceRange');
  expect(csd.plan!(without).pool!.dependsOn).toEqual(['teacherPoolSize', 'seed']);
});
