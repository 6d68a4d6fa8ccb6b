// Two steps of a training that fail one after the other, in a process of its own, which a failure
// that nobody awaits would end:
//   node -C @ar-distill/source -r tools/jest/register.js test/training/failing-run.ts SCENARIO
// Prints the error that the training throws, or "survived".
import { setTimeout } from 'node:timers/promises';
import { sequenceLength } from '@ar-distill/core';
import { distillGenerator } from '@ar-distill/core/methods';
import { OptimizerStep, ParameterGroup, runStage } from '@ar-distill/core/optimization';
import {
  createRng,
  elementCount,
  float32,
  type HostTensors,
  type StepCompiler,
  tensorSource,
} from '@ar-distill/program';
import { toyJoint } from '../toy/toy-joint';

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
  const { subject } = toyJoint({ width: 8, heads: 1 }, () => ({ batchSize: 4 }));
  const { network, teacher } = subject;
  const rng = createRng(1);
  const shape = [2, sequenceLength(network.layout), network.layout.channels];
  const initial = network.initializeFromTeacher({}, rng);
  await distillGenerator(
    {
      ...subject,
      initial: { generator: initial, guidance: initial },
      pool: {
        sequences: float32(shape, rng.normal('pool', 0, elementCount(shape))),
        condition: teacher.condition.inTurn(0, 2),
      },
    },
    { compiler: failingCompiler(delays), rng },
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

/**
 * The second batch cannot be prepared while a step of 20 ms runs that fails as well, or not; at once,
 * or after reading for so many milliseconds.
 */
async function preparation(isFailing: boolean, reading?: number): Promise<void> {
  const state: HostTensors = {};
  await runStage(
    {
      name: 'stage',
      iterations: 3,
      checkpointInterval: 3,
      prepare: (iteration) => {
        const fail = (): never => {
          throw new Error('the preparation failed');
        };
        if (iteration === 0) return iteration;
        return reading === undefined ? fail() : setTimeout(reading).then(fail);
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
  'quick reading and step': () => preparation(true, 5),
  'slow reading and step': () => preparation(true, 40),
  'quick reading alone': () => preparation(false, 5),
  'slow reading alone': () => preparation(false, 40),
};

async function main(scenario: string): Promise<void> {
  const failure = await SCENARIOS[scenario]!().catch((error: unknown) => error);
  process.stdout.write(`${failure instanceof Error ? failure.message : 'no failure'}\n`);
  await setTimeout(60);
  process.stdout.write('survived\n');
}

void main(process.argv[2]!);
