import { ArDiffusionGenerator, type DistillationSubject } from '@ar-distill/core';
import { csd, type DistillationSettings } from '@ar-distill/core/methods';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { toyJoint } from '../toy/toy-joint';
import { distilIn as distil, type MemoryRun, memoryRun } from './memory-run';

const STAGES = ['teacher-pool', 'tuning-head', 'tuning', 'distillation'];
const engine = createEngine({ worker: false, threads: 1 });
const rng = createRng(5);
afterAll(() => engine.dispose());

function subjectWith(
  headIterations: number,
  fullIterations: number,
  more: Partial<DistillationSettings> = {},
): DistillationSubject<DistillationSettings> {
  const { subject } = toyJoint({ width: 16, heads: 2 }, ({ tuning }) => ({
    teacherPoolSize: 64,
    tuning: { ...tuning, headIterations, fullIterations, batchSize: 8 },
    generatorIterations: 5,
    batchSize: 8,
    checkpointInterval: 2,
    ...more,
  }));
  return subject;
}

const distilIn = (run: MemoryRun, subject: DistillationSubject<DistillationSettings>) =>
  distil(run, subject, { compiler: engine, rng });

describe('the stages of csd', () => {
  it('are named as in metrics, checkpoints and arrays, and have work to do', () => {
    const { stages } = csd.start(subjectWith(3, 4), { compiler: engine, rng });
    expect(stages.map(({ name }) => name)).toEqual(STAGES);
    expect(new Set(stages.map(({ title }) => title)).size).toBe(STAGES.length);
    for (const { work } of stages) expect(work).toBeGreaterThan(0);
  });

  it('leave out the tuning of the head where the settings ask for none', () => {
    const { stages } = csd.start(subjectWith(0, 4), { compiler: engine, rng });
    expect(stages.map(({ name }) => name)).toEqual(['teacher-pool', 'tuning', 'distillation']);
  });

  it('leave in the run what a second distillation takes up without doing anything again', async () => {
    const run = memoryRun();
    const first = await distilIn(run, subjectWith(3, 4));
    expect(run.worked).toEqual(STAGES);
    expect([...run.arrays.keys()]).toEqual(STAGES.slice(0, 3));
    expect(first.snapshots.map(({ iteration }) => iteration)).toEqual([2, 4, 5]);
    expect(first.snapshots.at(-1)!.weights).toEqual(first.weights);
    run.worked.length = 0;
    const second = await distilIn(run, subjectWith(3, 4));
    expect(run.worked).toEqual([]);
    expect(second.iteration).toBe(5);
    expect(second.seconds).toBe(first.seconds);
    expect(second.weights).toEqual(first.weights);
    expect(second.pool).toEqual(first.pool);
  });

  it('start from what the head learned, then from the weights of another run', async () => {
    const other = memoryRun();
    await distilIn(other, subjectWith(3, 4));
    const passed = memoryRun();
    passed.arrays.set('tuning-head', other.arrays.get('tuning-head')!);
    const { rows } = await distilIn(passed, subjectWith(3, 4));
    const shown = rows.filter(({ isOptional }) => !isOptional);
    expect(shown).toHaveLength(4);
    expect(passed.arrays.get('tuning')).toEqual(other.arrays.get('tuning'));
    // Without updates of its own a run still takes weights that were put into it.
    const given = memoryRun();
    given.arrays.set('tuning', other.arrays.get('tuning')!);
    const reused = await distilIn(given, subjectWith(0, 0));
    expect(given.worked).toEqual(['teacher-pool', 'distillation']);
    expect(reused.weights).toEqual((await distilIn(other, subjectWith(3, 4))).weights);
  });

  it('have no outcome before they have ended', async () => {
    const { environment } = memoryRun();
    const { stages, outcome } = csd.start(subjectWith(0, 4), { compiler: engine, rng });
    expect(outcome).toThrow('The stage "distillation" has not ended: run all stages');
    await expect(stages[1]!.run(environment)).rejects.toThrow(
      'The stage "teacher-pool" has not ended: run all stages in their order.',
    );
  });
});

it('refuses batches that do not divide before anything runs', () => {
  const start = (settings: DistillationSubject<DistillationSettings>) => () =>
    csd.start(settings, { compiler: engine, rng });
  expect(start(subjectWith(0, 4, { accumulation: 3 }))).toThrow(
    /batch size 8 .* accumulation \(3\)/,
  );
  const { settings, ...subject } = subjectWith(0, 4);
  const tuning = { ...settings.tuning, accumulation: 5 };
  expect(start({ ...subject, settings: { ...settings, tuning } })).toThrow(/accumulation \(5\)/);
});

it('refuses prefixes of codes where the teacher has none', () => {
  const { teacher, ...subject } = subjectWith(0, 4, { generatedPrefix: 'codes' });
  const continuous = Object.create(teacher, { scaledCodebook: { value: undefined } }) as object;
  const start = (of: typeof teacher) => () =>
    csd.start({ ...subject, teacher: of }, { compiler: engine, rng });
  expect(start(continuous as typeof teacher)).toThrow(
    /no codes that "generatedPrefix" could read: set it to "vectors"\.$/,
  );
  expect(start(teacher)).not.toThrow();
});

describe('the warning of a collapse', () => {
  /** Gives the same sequence, nearly, whatever the noise. */
  class CollapsedGenerator extends ArDiffusionGenerator {
    override generate(...given: Parameters<ArDiffusionGenerator['generate']>) {
      return super.generate(...given).mul(0.01);
    }
  }
  const ITERATIONS = 22;

  it.each([
    [8, 1],
    [8, 8],
    [8, 4],
    [1, 1],
  ])('is true for updates of %d sequences in %d micro-batches', async (batchSize, accumulation) => {
    const settings = { batchSize, accumulation, generatorIterations: ITERATIONS };
    const subject = subjectWith(0, 4, settings);
    const [healthy, collapsed] = [memoryRun(), memoryRun()];
    await distilIn(healthy, subject);
    expect(healthy.messages.filter((text) => text.includes('collapsed'))).toEqual([]);
    const generator = new CollapsedGenerator(subject.network);
    await distilIn(collapsed, { ...subject, generator });
    expect(collapsed.messages.filter((text) => text.includes('collapsed'))).toHaveLength(1);
  });
});

it('offers the generator, its raw weights, its start and the AR-diffusion model to reports', async () => {
  const subject = subjectWith(2, 4);
  const { rows } = await distilIn(memoryRun(), subject);
  expect(
    rows.map(({ name, isResult, isDetail, isOptional }) => [
      name,
      isResult ?? false,
      isDetail ?? false,
      isOptional ?? false,
    ]),
  ).toEqual([
    ['DD2 generator', true, false, false],
    ['DD2 generator, raw weights', false, true, false],
    ['one step before distillation', false, false, false],
    ['AR-diffusion initialisation', false, false, false],
    ['AR-diffusion initialisation, 1 Euler step', false, false, true],
    ['AR-diffusion initialisation, 2 Euler steps', false, false, true],
    ['AR-diffusion initialisation, 4 Euler steps', false, false, true],
  ]);
  const drawn: Float32Array[] = [];
  for (const row of rows) {
    const sampler = await row.open(engine, 6);
    const condition = subject.teacher.condition.inTurn(0, 6);
    const { sequence } = await sampler.sample(condition, rng, 0);
    const again = await sampler.sample(condition, rng, 0);
    await sampler.dispose();
    expect(sequence.shape).toEqual([6, 3, 2]);
    expect(again.sequence).toEqual(sequence);
    drawn.push(sequence.data as Float32Array);
  }
  // Seven different samplers: the same noise gives seven different sets of sequences.
  expect(new Set(drawn.map((data) => data.join())).size).toBe(7);
});

it('has quick settings that its schema takes over those of a preset', () => {
  const { settings } = subjectWith(1500, 1500);
  const { tuning, ...quick } = csd.quickSettings as Partial<DistillationSettings>;
  const merged = csd.settingsSchema.parse({
    ...settings,
    ...quick,
    tuning: { ...settings.tuning, ...tuning },
  });
  expect(merged.tuning).toMatchObject({ headIterations: 10, fullIterations: 120 });
  expect(merged.generatorIterations).toBe(120);
});
