import type { DistillationSubject, GeneratorSnapshot } from '@ar-distill/core';
import { dd1, type Dd1Settings, dd1SettingsSchema } from '@ar-distill/core/methods';
import { compileTwoSteps } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { plugin, toyBackbone } from '@ar-distill/plugin-toy';
import { createRng } from '@ar-distill/program';
import { toyJoint } from '../toy/toy-joint';
import { type MemoryRun, memoryRun } from './memory-run';

const SAMPLES = 16384;
/** Total variation of independent tokens, onestep*, from the joint. */
const INDEPENDENT = 0.6116;
const TRAINING = 'flow-map-training';

const engine = createEngine({ worker: false, threads: 1 });
const rng = createRng(5);
afterAll(() => engine.dispose());

function subjectOf(width: number, settings: Partial<Dd1Settings>) {
  const { subject, architecture } = toyJoint({ width, heads: 2 }, () => ({}));
  const preset = dd1SettingsSchema.parse(plugin.presets!['toy-joint']!.methods['dd1']);
  const flowMapNetwork = toyBackbone.createFlowMapNetwork!(architecture);
  const dd1Subject: DistillationSubject<Dd1Settings> = {
    ...subject,
    flowMapNetwork,
    settings: { ...preset, ...settings },
  };
  return { architecture, subject: dd1Subject };
}

const SHORT = { pairs: 48, iterations: 5, batchSize: 8, solverSteps: 2, checkpointInterval: 2 };

async function distilIn(run: MemoryRun, subject: DistillationSubject<Dd1Settings>) {
  const snapshots: GeneratorSnapshot[] = [];
  const onSnapshot = async (snapshot: GeneratorSnapshot) => void snapshots.push(snapshot);
  const distillation = dd1.start(subject, { compiler: engine, rng, onSnapshot });
  for (const stage of distillation.stages) await stage.run(run.environment);
  return { ...distillation.outcome(), snapshots };
}

it('closes most of the way from independent tokens to the teacher, in one step and in two', async () => {
  const { subject, architecture } = subjectOf(32, {
    pairs: 16384,
    iterations: 500,
    batchSize: 128,
    learningRate: 3e-3,
    emaDecay: 0.98,
    checkpointInterval: 500,
  });
  const { rows } = await distilIn(memoryRun(), subject);
  const distances: number[] = [];
  const evaluations: number[] = [];
  for (const { open } of rows) {
    const sampler = await open(engine, SAMPLES);
    const drawn = await sampler.sample(subject.teacher.condition.inTurn(0, SAMPLES), rng, 0);
    await sampler.dispose();
    const figures = toyBackbone.measureSequences!(architecture, drawn.sequence);
    distances.push(figures['totalVariation']!);
    evaluations.push(sampler.evaluations);
  }
  expect(rows.map(({ name, isResult = false }) => [name, isResult])).toEqual([
    ['DD1 generator', true],
    ['DD1 generator, 2 steps', false],
    ['one step before distillation', false],
  ]);
  expect(evaluations).toEqual([1, 2, 1]);
  const planned = dd1.plan!(subject.settings).rows!;
  expect(planned.map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
  expect(distances[0]! / INDEPENDENT).toBeLessThan(0.25);
  expect(distances[1]! / INDEPENDENT).toBeLessThan(0.2);
  expect(distances[1]!).toBeLessThan(distances[0]!);
  // The teacher's weights with new heads know nothing of the noise.
  expect(distances[2]! / INDEPENDENT).toBeGreaterThan(0.5);
}, 120_000);

it.each([1, 2])(
  'goes on after an interruption to the same bits, and does nothing twice, with %d micro-batches',
  async (accumulation) => {
    const { subject } = subjectOf(16, { ...SHORT, accumulation });
    const whole = await distilIn(memoryRun(), subject);
    expect(whole.snapshots.map(({ iteration }) => iteration)).toEqual([2, 4, 5]);
    const run = memoryRun();
    run.stopAfter(3, TRAINING);
    await expect(distilIn(run, subject)).rejects.toThrow();
    run.stopAfter(undefined);
    run.worked.length = 0;
    const resumed = await distilIn(run, subject);
    expect(run.worked).toEqual([TRAINING]);
    expect(resumed.weights).toEqual(whole.weights);
  },
);

it('emits codes in the first AR steps and vectors in the others', async () => {
  const { subject, architecture } = subjectOf(16, { ...SHORT, codeSteps: 1 });
  const { rows } = await distilIn(memoryRun(), subject);
  const sampler = await rows[0]!.open(engine, 4);
  const { sequence } = await sampler.sample(subject.teacher.condition.inTurn(0, 4), rng, 0);
  await sampler.dispose();
  const isCode = Array.from({ length: 12 }, (_, i) => {
    const vector = [...sequence.data.slice(2 * i, 2 * i + 2)];
    return architecture.codebook.some((code) => code.every((value, c) => value === vector[c]));
  });
  expect(isCode).toEqual(Array.from({ length: 12 }, (_, i) => i % 3 === 0));
});

it.each<[Partial<Dd1Settings>, string]>([
  [{ codeSteps: 4 }, 'There are 3 AR steps: set codeSteps to 3 or less, not 4.'],
  [{ secondStart: 3 }, 'set secondStart below 3, not to 3.'],
  [{ batchSize: 8, accumulation: 3 }, 'The batch size 8 must be a multiple of accumulation (3)'],
  [{ codeSteps: 2, vectorWeight: 0 }, 'set vectorWeight above 0, or codeSteps to 3.'],
])('refuses %p before anything runs', (settings, sentence) => {
  const { subject } = subjectOf(16, settings);
  expect(() => dd1.start(subject, { compiler: engine, rng })).toThrow(sentence);
});

it('refuses a backbone without the network', () => {
  const { flowMapNetwork, ...without } = subjectOf(16, {}).subject;
  expect(flowMapNetwork).toBeDefined();
  const services = { compiler: engine, rng };
  expect(() => dd1.start(without, services)).toThrow('has no network of Distilled Decoding 1');
});

it('hands on the sequences that noise is mapped to, for independent tokens', async () => {
  const { subject } = subjectOf(16, SHORT);
  const { marginals, pool } = await distilIn(memoryRun(), subject);
  expect(pool).toBeUndefined();
  expect(marginals!.sequences.shape).toEqual([SHORT.pairs, 3, 2]);
  expect(marginals!.condition).toEqual(subject.teacher.condition.inTurn(0, SHORT.pairs));
});

it('has two steps only where it is trained for them', async () => {
  const { subject, architecture } = subjectOf(16, SHORT);
  const { secondStart, ...settings } = subject.settings;
  expect(secondStart).toBe(1);
  const { rows, weights } = await distilIn(memoryRun(), { ...subject, settings });
  expect(rows.map(({ name }) => name)).not.toContain('DD1 generator, 2 steps');
  const generator = dd1.createGenerator!(toyBackbone, architecture);
  const program = { generator, weights, batchSize: 1 };
  expect(() => compileTwoSteps(program, engine)).toThrow('This generator draws in 1 step alone');
});
