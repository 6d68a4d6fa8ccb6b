import type { DistillationSubject } from '@ar-distill/core';
import { type DistillationSettings, distillationSettingsSchema } from '@ar-distill/core/methods';
import { createEngine } from '@ar-distill/engine';
import { createRng, type HostTensors } from '@ar-distill/program';
import { shortDistillation } from './short-distillation';
import { distilIn, memoryRun, type MemoryRun } from './memory-run';

// Small steps that run once or twice: tracing and compiling them takes longer than running them op by op.
const engine = createEngine({ backend: 'cpu' });
const services = { compiler: engine, rng: createRng(5) };
afterAll(() => engine.dispose());

type Settings = Partial<DistillationSettings>;

const subjectWith = (more: object): DistillationSubject<DistillationSettings> =>
  shortDistillation({ warmUpFraction: 0, learningRateDecay: 'constant', ...more });

/** Sequences of the teacher and tuned weights, which are the same in all of these runs. */
const stage1 = memoryRun();
const tunedRun = (): MemoryRun => memoryRun(stage1.arrays);
/** What others are compared with: five iterations in one phase, and two. */
const five = { generatorIterations: 5 };
const two = { generatorIterations: 2 };
const fiveRun = memoryRun();
let whole: HostTensors;
let afterTwo: HostTensors;

beforeAll(async () => {
  await distilIn(stage1, subjectWith({ generatorIterations: 0 }), services);
  for (const [name, arrays] of stage1.arrays) fiveRun.arrays.set(name, arrays);
  const { weights, snapshots } = await distil(five, fiveRun);
  whole = weights;
  // Learning rates are constant: the first two of five are two.
  afterTwo = snapshots.find(({ iteration }) => iteration === 2)!.weights;
}, 120_000);

const distil = (more: object, run: MemoryRun = tunedRun()) =>
  distilIn(run, subjectWith(more), services);

/** The paper's alignment, small: three iterations, three of ψ alone, two with another K. */
const ALIGNED: Settings = distillationSettingsSchema.pick({ phases: true }).parse({
  phases: [
    { generatorIterations: 3 },
    { trains: 'guidance', guidanceIterations: 3, fromAverage: true },
    { generatorIterations: 2, guidanceUpdates: 1 },
  ],
});

it('is the same training whether one phase or two have its updates', async () => {
  const halves = await distil({
    phases: [{ generatorIterations: 3 }, { generatorIterations: 2 }],
  });
  expect(halves.weights).toEqual(whole);
  expect(halves.iteration).toBe(5);
});

it('gives another generator with another K from some point on, and none before it', async () => {
  const other = tunedRun();
  const changed = await distil(
    { phases: [{ generatorIterations: 3 }, { generatorIterations: 2, guidanceUpdates: 1 }] },
    other,
  );
  expect(changed.weights).not.toEqual(whole);
  const losses = ({ metrics }: MemoryRun) =>
    metrics.filter(({ stage }) => stage === 'distillation').map((one) => one['generator/loss']);
  expect(losses(other).slice(0, 3)).toEqual(losses(fiveRun).slice(0, 3));
  expect(losses(other)[4]).not.toBe(losses(fiveRun)[4]);
});

it('learns with the rates of its phase', async () => {
  const { generatorLearningRate, guidanceLearningRate } = subjectWith({}).settings;
  const spelt = await distil({
    ...two,
    generatorLearningRate: 1,
    guidanceLearningRate: 1,
    phases: [{ generatorLearningRate, guidanceLearningRate }],
  });
  expect(spelt.weights).toEqual(afterTwo);
});

describe('performance alignment', () => {
  const run = memoryRun();
  let aligned: Awaited<ReturnType<typeof distil>>;

  beforeAll(async () => {
    for (const [name, arrays] of stage1.arrays) run.arrays.set(name, arrays);
    aligned = await distil(ALIGNED, run);
  });

  it('leaves the average alone, and takes its updates up again', () => {
    expect(aligned).toMatchObject({ iteration: 8, generatorUpdates: 5 });
    // The generator of updates 4 and 6 would be that of update 3.
    expect(
      aligned.snapshots.map(({ iteration, generatorUpdates }) => [iteration, generatorUpdates]),
    ).toEqual([
      [2, 2],
      [8, 5],
    ]);
    const stage = run.metrics.filter(({ stage }) => stage === 'distillation');
    expect(stage.map((metrics) => 'generator/loss' in metrics)).toEqual(
      [1, 1, 1, 0, 0, 0, 1, 1].map(Boolean),
    );
    expect(run.messages).toContain(
      'phase 2 of 3: 3 updates of the guidance network alone; the generator becomes its average',
    );
  });

  it('makes the generator its average', async () => {
    const phases = (fromAverage: boolean) => [
      { generatorIterations: 3 },
      { trains: 'guidance', guidanceIterations: 1, fromAverage },
      { generatorIterations: 0 },
    ];
    const before = await distil({ phases: phases(false) });
    const after = await distil({ phases: phases(true) });
    const rawOf = async (outcome: typeof before): Promise<Float32Array> => {
      const row = outcome.rows.find(({ name }) => name.includes('raw'))!;
      const sampler = await row.open(engine, 4);
      const { sequence } = await sampler.sample(
        subjectWith({}).teacher.condition.inTurn(0, 4),
        services.rng,
        0,
      );
      await sampler.dispose();
      return sequence.data as Float32Array;
    };
    expect(after.weights).toEqual(before.weights);
    expect(await rawOf(after)).not.toEqual(await rawOf(before));
    const [result] = after.rows;
    const sampler = await result!.open(engine, 4);
    const condition = subjectWith({}).teacher.condition.inTurn(0, 4);
    const { sequence } = await sampler.sample(condition, services.rng, 0);
    await sampler.dispose();
    expect(await rawOf(after)).toEqual(sequence.data);
  });

  it('resumes to the same bits wherever it is interrupted', async () => {
    // At the ends of the first phase and of the second, and where ψ trains alone.
    for (const stop of [3, 4, 6]) {
      const run = tunedRun();
      run.stopAfter(stop);
      await expect(distil(ALIGNED, run)).rejects.toThrow(/interrupted/i);
      run.stopAfter(undefined);
      const resumed = await distil(ALIGNED, run);
      expect([stop, resumed.weights]).toEqual([stop, aligned.weights]);
    }
  }, 120_000);
});

describe('what the networks start from', () => {
  const network = subjectWith({}).network;
  const start = async (initialization: object) => {
    const { weights } = await distil({ generatorIterations: 0, initialization });
    return { weights, tuned: stage1.arrays.get('tuning')! };
  };
  const changed = (a: HostTensors, b: HostTensors): string[] =>
    Object.keys(a).filter((name) => a[name]!.data.join() !== b[name]!.data.join());

  it('is the tuned model', async () => {
    const { weights, tuned } = await start({});
    expect(changed(weights, tuned)).toEqual([]);
  });

  it('is a head at random, or everything', async () => {
    const { weights, tuned } = await start({ generator: 'random-head' });
    const other = changed(weights, tuned);
    expect(other.length).toBeGreaterThan(0);
    expect(other.every((name) => network.isHeadParameter(name))).toBe(true);
    const { weights: random, tuned: same } = await start({ generator: 'random' });
    const backbone = changed(random, same).filter((name) => !network.isHeadParameter(name));
    expect(backbone.length).toBeGreaterThan(5);
  });

  it('is told of each network alone', async () => {
    const { weights, tuned } = await start({ guidance: 'random' });
    expect(changed(weights, tuned)).toEqual([]);
    const guided = await distil({ ...two, initialization: { guidance: 'random' } });
    expect(guided.weights).not.toEqual(afterTwo);
  });
});

it.each([
  { timesteps: { distribution: 'logit-normal', mean: -1 } },
  { stepWeights: [2, 1, 1] },
  { stepWeights: [3, 1], normalizeStepWeights: true },
])('trains otherwise with %j', async (more) => {
  const other = await distil({ ...two, ...more });
  expect(other.weights).not.toEqual(afterTwo);
});

it('refuses weights that are not as many as AR steps before anything runs', async () => {
  const run = tunedRun();
  await expect(distil({ stepWeights: [1, 2, 3, 4] }, run)).rejects.toThrow(
    'There are 4 weights for 3 AR steps',
  );
  expect(run.worked).toEqual([]);
});

describe('sequences that the teacher draws for every update', () => {
  const tuned = async (tuning: object, run: MemoryRun = memoryRun()) => {
    const { settings, ...subject } = subjectWith({ generatorIterations: 0 });
    const own = { ...settings, tuning: { ...settings.tuning, batchSize: 6, ...tuning } };
    await distilIn(run, { ...subject, settings: own }, services);
    return run.arrays.get('tuning')!;
  };

  it('are others than those of the pool, the same for any micro-batches', async () => {
    const pooled = await tuned({});
    const fresh = await tuned({ sequences: 'fresh' });
    expect(fresh).not.toEqual(pooled);
    expect(await tuned({ sequences: 'fresh' })).toEqual(fresh);
  });

  it('are drawn behind those of the pool and of the head, and none twice', async () => {
    const drawn: number[] = [];
    const { settings, ...subject } = subjectWith({ generatorIterations: 0 });
    const { teacher } = subject;
    const createSampler: typeof teacher.createSampler = async (...given) => {
      const sampler = await Object.getPrototypeOf(teacher).createSampler.apply(teacher, given);
      return {
        ...{ batchSize: sampler.batchSize, evaluations: sampler.evaluations },
        sample: (condition, rng, first) => {
          for (let i = 0; i < sampler.batchSize; i++) drawn.push(first + i);
          return sampler.sample(condition, rng, first);
        },
        dispose: () => sampler.dispose(),
      };
    };
    const watched = Object.assign(Object.create(teacher) as typeof teacher, { createSampler });
    const tuning = {
      ...settings.tuning,
      headIterations: 2,
      batchSize: 6,
      sequences: 'fresh' as const,
    };
    const own = { ...settings, teacherPoolSize: 64, tuning };
    await distilIn(memoryRun(), { ...subject, teacher: watched, settings: own }, services);
    expect(drawn).toEqual(Array.from({ length: 64 + 2 * 6 + 3 * 6 }, (_, i) => i));
  });
});
