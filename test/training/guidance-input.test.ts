import { type DistillationSubject, guidanceOf, OneStepGenerator } from '@ar-distill/core';
import { csd, type DistillationSettings, distillationSettingsSchema } from '@ar-distill/core/methods';
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

/** A few updates of everything, head, alignment and micro-batches among them. */
const SHORT = {
  teacherPoolSize: 32,
  tuning: { headIterations: 2, fullIterations: 3, batchSize: 4, learningRate: 1e-2 },
  guidanceUpdates: 2,
  batchSize: 4,
  accumulation: 2,
  generatorLearningRate: 1e-2,
  guidanceLearningRate: 1e-2,
  warmUpFraction: 0,
  phases: [
    { generatorIterations: 2 },
    { trains: 'guidance', guidanceIterations: 2, fromAverage: true },
    { generatorIterations: 2, guidanceUpdates: 1 },
  ],
  generatorIterations: 4,
  checkpointInterval: 1,
};
const short = (more: object = {}): DistillationSubject<DistillationSettings> =>
  coinDistillation(2, { ...SHORT, guidanceRange: RANGE, ...more });

it('one generator has the distribution of every scale of the range', async () => {
  const engine = createEngine({ worker: false, threads: 1 });
  const subject = coinDistillation(2, {
    guidanceRange: RANGE,
    teacherPoolSize: 2048,
    tuning: { headIterations: 0, fullIterations: 300, batchSize: 128, learningRate: 3e-3 },
    generatorIterations: 300,
    guidanceUpdates: 2,
    batchSize: 128,
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
  const heads = async (given: object): Promise<number> => {
    const { sequence } = await sampler.sample({ ...labels, ...given }, rng, 0);
    return sequence.data.filter((value) => value > 0).length / COUNT;
  };
  const at = (scale: number) => heads(guidanceOf(new Float32Array(COUNT).fill(scale)));
  const shares: number[] = [];
  for (const scale of [1, 2, 4]) {
    const share = await at(scale);
    expect(Math.abs(share - headsAt(scale))).toBeLessThan(0.08);
    shares.push(share);
  }
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares[2]! - shares[0]!).toBeGreaterThan(0.2);
  // The row of the report is of the scale that the teacher draws with.
  expect(await heads({})).toBe(shares[1]);
  await sampler.dispose();
  await engine.dispose();
}, 120_000);

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
    const own = tokens!.data.filter((_, i) => {
      const scale = guidance!.data[i]!;
      return scale >= lowest && scale < highest;
    });
    const share = own.reduce((sum, token) => sum + token, 0) / own.length;
    // About 1,000 sequences: four standard deviations are 0.06, and the scales there differ by 0.1.
    expect(Math.abs(share - headsAt((lowest + highest) / 2))).toBeLessThan(0.07);
  }
});

it('goes on after an interruption in any stage or phase to the same bits', async () => {
  const whole = memoryRun();
  const { weights } = await distilIn(whole, short(), { compiler: cpu, rng });
  for (const [iteration, stage] of [
    [1, 'tuning-head'],
    [2, 'tuning'],
    [1, 'distillation'],
    [3, 'distillation'],
    [5, 'distillation'],
  ] as const) {
    const run = memoryRun();
    run.stopAfter(iteration, stage);
    await expect(distilIn(run, short(), { compiler: cpu, rng })).rejects.toThrow('Interrupted');
    run.stopAfter(undefined);
    const resumed = await distilIn(run, short(), { compiler: cpu, rng });
    expect(resumed.weights).toEqual(weights);
    expect(run.arrays.get('tuning')).toEqual(whole.arrays.get('tuning'));
  }
}, 120_000);

it('draws fresh sequences at scales of their own for the first stage', async () => {
  const fresh = short({ tuning: { ...SHORT.tuning, sequences: 'fresh' } });
  const [run, pooled] = [memoryRun(), memoryRun()];
  const { weights } = await distilIn(run, fresh, { compiler: cpu, rng });
  expect(weights).not.toEqual((await distilIn(pooled, short(), { compiler: cpu, rng })).weights);
});

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
    expect(distillationSettingsSchema.safeParse({ ...short().settings, guidanceRange }).success).toBe(
      false,
    );
  });
});

it('is a determinant of the pool, only where it is set', () => {
  const { guidanceRange: _range, ...without } = short().settings;
  expect(csd.plan!(short().settings).pool!.dependsOn).toContain('guidanceRange');
  expect(csd.plan!(without).pool!.dependsOn).toEqual(['teacherPoolSize', 'seed']);
});
