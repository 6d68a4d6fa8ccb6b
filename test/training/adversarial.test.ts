import type { DistillationSubject, MethodServices, RealSequences } from '@ar-distill/core';
import { VelocityNetwork } from '@ar-distill/core';
import {
  csd,
  type DistillationSettings,
  distillationSettingsSchema,
} from '@ar-distill/core/methods';
import { TrainingInterruptedError } from '@ar-distill/core/optimization';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { shortDistillation } from './short-distillation';
import { distilIn, memoryRun, type MemoryRun } from './memory-run';
import { realTokens } from './real-tokens';

const engine = createEngine({ worker: false, threads: 1 });
const services = { compiler: engine, rng: createRng(5) };
/** Sequences of the teacher and tuned weights, which are the same in all of these runs. */
const stage1 = memoryRun();
const tunedRun = (): MemoryRun => memoryRun(stage1.arrays);

beforeAll(async () => {
  await distilIn(stage1, subjectWith({ generatorIterations: 0 }), services);
}, 120_000);
afterAll(() => engine.dispose());

const ADDED = { adversarial: { weight: 0.1 } };
const INSTEAD = {
  adversarial: { mode: 'instead-of-score' },
  objective: 'dmd',
  normalizer: 'none',
};

const subjectWith = (more: object): DistillationSubject<DistillationSettings> =>
  shortDistillation({ generatorIterations: 4, ...more });

const withReal = (
  { teacher }: DistillationSubject,
  ...given: Parameters<typeof realTokens> extends [unknown, ...infer Rest] ? Rest : never
): MethodServices => ({ ...services, realSequences: realTokens(teacher, ...given) });

describe.each([
  ['added', ADDED],
  ['instead of the score', INSTEAD],
  ['added over micro-batches', { ...ADDED, accumulation: 2 }],
])('a discriminator that is %s', (_name, settings) => {
  it('is trained along on real tokens, and an interruption changes no bit of it', async () => {
    const subject = subjectWith(settings);
    const whole = tunedRun();
    const { weights } = await distilIn(whole, subject, withReal(subject));
    const [first] = whole.metrics.filter(({ stage }) => stage === 'distillation');
    // The logit starts at 0, so ln 2 for either side.
    expect(Object.keys(first!)).toEqual(
      expect.arrayContaining([
        'guidance/discriminator/loss',
        'guidance/discriminator/accuracy',
        'guidance/discriminator/realLogit',
        'guidance/discriminator/generatedLogit',
        'generator/spread',
      ]),
    );
    expect(first!['guidance/discriminator/loss']).toBeCloseTo(2 * Math.log(2), 2);

    const stopped = tunedRun();
    stopped.stopAfter(3);
    await expect(distilIn(stopped, subject, withReal(subject))).rejects.toThrow(
      TrainingInterruptedError,
    );
    stopped.stopAfter(undefined);
    const resumed = await distilIn(stopped, subject, withReal(subject));
    expect(resumed.weights).toEqual(weights);
    const all = (run: typeof whole) => run.environment.run.loadCheckpoint();
    const [one, other] = [(await all(whole))!.tensors, (await all(stopped))!.tensors];
    const names = Object.keys(one.specs);
    expect(names).toContain('guidance/moment1/discriminator.2.weight');
    expect(await other.read(names)).toEqual(await one.read(names));

    const others = await distilIn(tunedRun(), subject, withReal(subject, { ones: 0.9 }));
    expect(others.weights).not.toEqual(weights);
  }, 120_000);
});

it('learns which tokens are real', async () => {
  const subject = subjectWith({
    ...ADDED,
    generatorIterations: 30,
    guidanceLearningRate: 5e-3,
    warmUpFraction: 0,
    // At the end of the path that data lie at.
    timesteps: { distribution: 'logit-normal', mean: -2, std: 0.5 },
    generatorLearningRate: 1e-6,
    batchSize: 32,
  });
  const run = tunedRun();
  // One token alone is real.
  await distilIn(run, subject, withReal(subject, { ones: 1 }));
  const steps = run.metrics.filter(({ stage }) => stage === 'distillation');
  const last = steps.at(-1)!;
  expect(last['guidance/discriminator/accuracy']).toBeGreaterThan(0.7);
  expect(last['guidance/discriminator/realLogit']).toBeGreaterThan(0);
  expect(last['guidance/discriminator/generatedLogit']).toBeLessThan(0);
}, 120_000);

describe('real sequences', () => {
  const subject = subjectWith({ ...ADDED, generatorIterations: 0 });
  const stageOf = (realSequences: RealSequences) =>
    csd
      .start(subject, { ...services, realSequences })
      .stages.find(({ name }) => name === 'real-sequences')!;

  it('are a stage of their own, and what was encoded is not encoded again', async () => {
    const started: number[] = [];
    const run = memoryRun();
    const controller = new AbortController();
    const stopping = realTokens(subject.teacher, {}, (first) => {
      started.push(first);
      if (first !== 20) return;
      controller.abort();
      controller.signal.throwIfAborted();
    });
    const { title, work } = stageOf(stopping);
    expect([title, work]).toEqual(['Real sequences', 32]);
    const environment = { ...run.environment, signal: controller.signal };
    await expect(stageOf(stopping).run(environment)).rejects.toThrow(
      'Interrupted after iteration 20 of 32 of the stage "real-sequences"; it is saved.',
    );
    const going = realTokens(subject.teacher, {}, (first) => void started.push(first));
    await stageOf(going).run(run.environment);
    await stageOf(going).run(run.environment);
    expect(started).toEqual([0, 10, 20, 20, 30]);
    expect([...run.arrays.keys()]).toEqual(['real-sequences-from-0', 'real-sequences-from-20']);
  });

  it('that are fewer than the run holds are refused', async () => {
    const run = memoryRun();
    await stageOf(realTokens(subject.teacher)).run(run.environment);
    const fewer = stageOf(realTokens(subject.teacher, { count: 12 })).run(run.environment);
    await expect(fewer).rejects.toThrow('its images have changed, so start a new run.');
  });
});

it.each([
  [{ ...INSTEAD, objective: 'sid' }, 'not as "sid" says: set objective=dmd.'],
  [{ ...INSTEAD, normalizer: 'token' }, 'to normalise by: set normalizer=none.'],
  [ADDED, 'There are no real sequences, which "adversarial" reads: leave it out.'],
])('%j is refused before anything runs', (settings, sentence) => {
  expect(() => csd.start(subjectWith(settings), services)).toThrow(sentence);
});

it('a weight with nothing to weigh against is refused', () => {
  const { settings } = subjectWith(INSTEAD);
  const weighed = { ...settings, adversarial: { ...settings.adversarial, weight: 1 } };
  expect(distillationSettingsSchema.safeParse(weighed).error?.issues[0]?.message).toContain(
    'there is no other term to weigh against',
  );
});

it('a network that hides its hidden layer is refused', () => {
  const subject = subjectWith(ADDED);
  const network: VelocityNetwork = Object.create(subject.network, {
    hiddenLayer: { value: undefined },
  });
  expect(() => csd.start({ ...subject, network }, withReal(subject))).toThrow(
    'The network of this backbone does not show the hidden layer that "adversarial" reads: leave it out.',
  );
});
