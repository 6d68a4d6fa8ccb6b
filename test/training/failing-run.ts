// Two steps of a training that fail one after the other, in a process of its own, which a failure
// that nobody awaits would end:
//   node -C @ar-distill/source -r tools/jest/register.js test/training/failing-run.ts SCENARIO
// Prints the error that the training throws, or "survived".
import {
  distillationSettingsSchema,
  distillGenerator,
  OptimizerStep,
  ParameterGroup,
  runStage,
  type StepCompiler,
} from '@ar-distill/core';
import { float32, tensorSource, type HostTensors } from '@ar-distill/nn';
import { plugin } from '@ar-distill/plugin-toy';
import { createRng } from '@ar-distill/runs';
import { setTimeout } from 'node:timers/promises';

/** Every run fails under its program's name, after the milliseconds of its turn. */
function failingCompiler(delays: readonly number[]): StepCompiler {
  const turns = delays[Symbol.iterator]();
  return {
    createStore: async (values) => ({
      ...tensorSource(values),
      write: async () => undefined,
      dispose: async () => undefined,
    }),
    compile: async ({ name }) => ({
      run: async () => {
        const delay = turns.next();
        if (delay.done) throw new Error(`"${name}" ran once too often`);
        await setTimeout(delay.value);
        throw new Error(`"${name}" failed`);
      },
      dispose: async () => undefined,
    }),
  };
}

const environment = {
  run: {
    loadCheckpoint: async () => undefined,
    saveCheckpoint: async () => undefined,
    logMetrics: () => undefined,
    saveArrays: async () => undefined,
    loadArrays: async () => undefined,
  },
  progress: { update: () => undefined, message: () => undefined },
  signal: new AbortController().signal,
};

async function distillation(delays: readonly number[]): Promise<void> {
  const preset = plugin.presets['toy-joint']!;
  const network = plugin.createNetwork(preset.architecture);
  const rng = createRng(1);
  const [n, C] = [preset.architecture.sequenceLength, network.layout.channels];
  await distillGenerator(
    {
      teacher: plugin.createTeacher(preset.architecture, preset.teacherSampling),
      teacherWeights: {},
      network,
      settings: distillationSettingsSchema.parse({ ...preset.distillation, batchSize: 4 }),
      initial: network.initializeFromTeacher({}, rng),
      pool: {
        sequences: float32([2, n, C], rng.normal('pool', 0, 2 * n * C)),
        labels: { shape: [2], dtype: 'int32', data: Int32Array.of(0, 0) },
      },
    },
    failingCompiler(delays),
    rng,
    environment,
  );
}

async function accumulation(delays: readonly number[]): Promise<void> {
  const compiler = failingCompiler(delays);
  const group = new ParameterGroup(
    'g',
    { weight: float32([1], Float32Array.of(1)) },
    { isTrained: () => true, ema: false, accumulates: true },
  );
  const step = await OptimizerStep.compile(
    compiler,
    await compiler.createStore(group.initialState()),
    {
      name: 'regression',
      group,
      inputs: {},
      objective: () => () => {
        throw new Error('This compiler traces nothing.');
      },
      microBatches: 2,
      settings: { beta1: 0.9, beta2: 0.9, weightDecay: 0, gradientClip: 1 },
    },
  );
  await step.run([{}, {}], [{ learningRate: 1, update: 1, emaDecay: 0 }]);
}

/** The batch after next cannot be prepared while a step runs that fails as well, or not. */
async function preparation(isFailing: boolean): Promise<void> {
  const state: HostTensors = {};
  await runStage(
    {
      name: 'stage',
      iterations: 3,
      checkpointInterval: 3,
      prepare: (iteration) => {
        if (iteration === 1) throw new Error('the preparation failed');
        return iteration;
      },
      step: async () => {
        await setTimeout(20);
        if (isFailing) throw new Error('the step failed');
        process.stdout.write('the step ended\n');
        return {};
      },
      state: { ...tensorSource(state), write: async () => undefined },
    },
    environment,
  );
}

const SCENARIOS: Readonly<Record<string, () => Promise<void>>> = {
  'distillation, first first': () => distillation([10, 30]),
  'distillation, second first': () => distillation([30, 10]),
  'accumulation, first first': () => accumulation([10, 30]),
  'accumulation, second first': () => accumulation([30, 10]),
  'preparation and step': () => preparation(true),
  'preparation alone': () => preparation(false),
};

async function main(scenario: string): Promise<void> {
  const failure = await SCENARIOS[scenario]!().catch((error: unknown) => error);
  process.stdout.write(`${failure instanceof Error ? failure.message : 'no failure'}\n`);
  await setTimeout(60);
  process.stdout.write('survived\n');
}

void main(process.argv[2]!);
