import { csd } from '@ar-distill/core/methods';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { coinDistillation } from './coin-teacher';
import { distilIn, type MemoryRun, memoryRun } from './memory-run';
import { shortDistillation } from './short-distillation';

const REGRESSION = 'generator-regression';
const REGRESSED = { initialization: { generator: 'regressed' } };
const engine = createEngine({ worker: false, threads: 1 });
const rng = createRng(5);
const services = { compiler: engine, rng };
afterAll(() => engine.dispose());

describe('a generator that starts from the flow map', () => {
  /** At this scale a coin falls on its rather likely side with the probability that a normal is above −1. */
  const SCALE = 0.5 + Math.log(0.8413447461 / 0.1586552539);
  const SETTINGS = {
    teacherPoolSize: 256,
    tuning: { headIterations: 0, fullIterations: 20, batchSize: 64, learningRate: 3e-3 },
    regression: {
      pairs: 8192,
      iterations: 400,
      batchSize: 128,
      learningRate: 5e-3,
      emaDecay: 0.98,
    },
    generatorIterations: 0,
    batchSize: 64,
    generatorLearningRate: 1e-3,
    guidanceLearningRate: 1e-3,
  };
  const COUNT = 4096;

  /** The share of sequences of which both coins fall as their noise says. */
  async function agreement(settings: object): Promise<number> {
    const subject = coinDistillation(SCALE, { ...SETTINGS, ...settings });
    const run = memoryRun();
    const { rows } = await distilIn(run, subject, services);
    const sampler = await rows[0]!.open(engine, COUNT);
    const condition = subject.teacher.condition.inTurn(0, COUNT);
    const drawn = await sampler.sample(condition, rng, 0);
    await sampler.dispose();
    const noise = rng.normal.bind(rng, 'sample/noise');
    const agrees = Array.from({ length: COUNT }, (_, row) => {
      const [first = 0, second = 0] = noise(row, 2);
      const one = first > -1 ? 1 : -1;
      const two = second > -one ? 1 : -1;
      return [one, two].every((code, i) => code * Number(drawn.sequence.data[2 * row + i]) > 0);
    });
    return agrees.filter(Boolean).length / COUNT;
  }

  it('gives what the noise is mapped to, which the model of stage 1 in one step does not', async () => {
    expect(await agreement(REGRESSED)).toBeGreaterThan(0.96);
    expect(await agreement({})).toBeLessThan(0.85);
  });
});

const SHORT = {
  generatorIterations: 4,
  regression: { pairs: 48, solverSteps: 2, iterations: 5, batchSize: 8, emaDecay: 0.9 },
  ...REGRESSED,
};
const distilled = (run: MemoryRun, more: object) =>
  distilIn(run, shortDistillation({ ...SHORT, ...more }), services);

it('has two stages of its own before stage 2, and leaves stage 1 and ψ their start', async () => {
  const [tuned, regressed] = [memoryRun(), memoryRun()];
  await distilled(tuned, { initialization: { generator: 'tuned' } });
  await distilled(regressed, {});
  expect(tuned.worked).toEqual(['teacher-pool', 'tuning', 'distillation']);
  expect(regressed.worked).toEqual([
    ...['teacher-pool', 'tuning', 'flow-map', REGRESSION],
    'distillation',
  ]);
  expect(regressed.arrays.get('tuning')).toEqual(tuned.arrays.get('tuning'));
  expect(regressed.arrays.get(REGRESSION)).not.toEqual(tuned.arrays.get('tuning'));
  const { training } = csd.plan!(shortDistillation(SHORT).settings);
  expect(training).toContainEqual({
    name: 'regression of the generator',
    updates: 5,
    sequences: 40,
  });
});

it.each([
  [3, REGRESSION, 1],
  [3, REGRESSION, 2],
  [2, 'distillation', 1],
] as const)(
  'goes on after update %d of "%s" to the same bits, with %d micro-batches',
  async (iteration, stage, accumulation) => {
    const more = { regression: { ...SHORT.regression, accumulation } };
    const whole = await distilled(memoryRun(), more);
    const run = memoryRun();
    run.stopAfter(iteration, stage);
    await expect(distilled(run, more)).rejects.toThrow();
    run.stopAfter(undefined);
    run.worked.length = 0;
    const resumed = await distilled(run, more);
    expect(run.worked).toEqual(stage === REGRESSION ? [REGRESSION, 'distillation'] : [stage]);
    expect(resumed.weights).toEqual(whole.weights);
  },
);

it('is refused before anything runs where the teacher has no tokens, or batches do not divide', () => {
  const { teacher, ...subject } = shortDistillation({ ...SHORT, generatedPrefix: 'vectors' });
  const continuous = Object.create(teacher, { scaledCodebook: { value: undefined } }) as object;
  expect(() => csd.start({ ...subject, teacher: continuous as typeof teacher }, services)).toThrow(
    'no tokens that noise could be mapped to: set "initialization.generator" to "tuned".',
  );
  const odd = { ...SHORT, regression: { ...SHORT.regression, accumulation: 3 } };
  expect(() => csd.start(shortDistillation(odd), services)).toThrow(/accumulation \(3\)/);
});

it('is for θ alone', () => {
  const { settings } = shortDistillation(SHORT);
  const parsed = (initialization: object) =>
    csd.settingsSchema.safeParse({ ...settings, initialization });
  expect(parsed({ generator: 'regressed', guidance: 'tuned' }).success).toBe(true);
  expect(parsed({ generator: 'tuned', guidance: 'regressed' }).error?.issues[0]?.path).toEqual([
    ...['initialization', 'guidance'],
  ]);
});
