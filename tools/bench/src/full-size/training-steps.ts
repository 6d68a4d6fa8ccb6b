import { join } from 'node:path';
import { readCheckpoint } from '@ar-distill/checkpoints';
import { ArDiffusionGenerator, type RunStore, sequenceLength } from '@ar-distill/core';
import {
  distillationSettingsSchema,
  distillGenerator,
  tuneNetwork,
} from '@ar-distill/core/methods';
import { createEngine } from '@ar-distill/engine';
import {
  type CompiledStep,
  createRng,
  elementCount,
  float32,
  type HostTensors,
  type StateStore,
  type StepCompiler,
  type TensorSpec,
} from '@ar-distill/program';
import { pickParameters } from './compiled-sampling';
import type { FullSizeModel } from './families';

/** Stage 1 (GTS steps), or stage 2 (guidance and generator steps). */
export const TRAINING_TASKS = ['tuning', 'distillation'] as const;
export type TrainingTask = (typeof TRAINING_TASKS)[number];

/** Steps that are run; the last one is reported, when everything is warm. */
const STEPS = 2;

/** Figures of the training steps of a stage at micro-batch 1. */
export interface TrainingFigures {
  /** Seconds of the last run, by program. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Bytes of what is known to be in memory, by what it is. */
  readonly contents: Readonly<Record<string, number>>;
  /** Bytes of resident memory between steps, and the most there was at any time. */
  readonly between: number;
  readonly peak: number;
}

/** Runs a stage of the real trainer for two steps, on made-up sequences: only time and memory count. */
export async function measureTraining(
  { backbone, preset, files }: FullSizeModel,
  task: TrainingTask,
  { checkpoints, threads }: { readonly checkpoints: string; readonly threads: number },
): Promise<TrainingFigures> {
  const { architecture, teacherSampling, methods } = preset;
  const distillation = distillationSettingsSchema.parse(methods['csd']);
  const engine = createEngine({ threads });
  const compiler = new TimedCompiler(engine);
  const rng = createRng(0);
  const teacher = backbone.createTeacher(architecture, teacherSampling);
  const network = backbone.createNetwork(architecture);
  const teacherWeights = await loadTeacher(teacher.parameterSpecs, files, checkpoints);
  const initial = network.initializeFromTeacher(teacherWeights, rng);
  const settings = distillationSettingsSchema.parse({
    ...distillation,
    teacherPoolSize: 1,
    batchSize: 1,
    accumulation: 1,
    guidanceUpdates: 1,
    generatorIterations: STEPS,
    tuning: {
      ...distillation.tuning,
      headIterations: 0,
      fullIterations: STEPS,
      batchSize: 1,
      accumulation: 1,
    },
  });
  const shape = [1, sequenceLength(network.layout), network.layout.channels];
  const pool = {
    sequences: float32(shape, rng.normal('bench/sequences', 0, elementCount(shape))),
    condition: network.condition.inTurn(0, 1),
  };
  let between = 0;
  const environment = {
    run: FORGETFUL,
    progress: {
      update: () => void (between = process.memoryUsage().rss),
      message: () => undefined,
    },
    signal: new AbortController().signal,
  };
  const generator = new ArDiffusionGenerator(network);
  const subject = { teacher, teacherWeights, network, generator, pool, settings };
  const services = { compiler, rng };
  await (task === 'tuning'
    ? tuneNetwork(subject, 'full', initial, services, environment)
    : distillGenerator(
        { ...subject, initial: { generator: initial, guidance: initial } },
        services,
        environment,
      ));
  const weights = bytesOf(teacherWeights);
  const figures: TrainingFigures = {
    seconds: Object.fromEntries(compiler.seconds),
    contents: {
      "teacher's weights (shared memory)": weights,
      "the same in the teacher's session": weights,
      'weights that training starts from': bytesOf(initial) - sharedBytes(initial, teacherWeights),
      ...compiler.contents,
    },
    between,
    peak: process.resourceUsage().maxRSS * 1024,
  };
  await engine.dispose();
  return figures;
}

/** Keeps nothing: what a checkpoint costs is disk. */
const FORGETFUL: RunStore = {
  loadCheckpoint: () => Promise.resolve(undefined),
  saveCheckpoint: () => Promise.resolve(),
  logMetrics: () => undefined,
  saveArrays: () => Promise.resolve(),
  loadArrays: () => Promise.resolve(undefined),
};

/** Measures how long programs run and what the stores hold. */
class TimedCompiler implements StepCompiler {
  /** Of the last run, by program. */
  readonly seconds = new Map<string, number>();
  readonly contents: Record<string, number> = {};
  private lastEnd = 0;

  constructor(private readonly compiler: StepCompiler) {}

  async createStore(values: Readonly<HostTensors>): Promise<StateStore> {
    for (const [key, value] of Object.entries(values)) {
      const [group = '', kind = ''] = key.split('/');
      const what = `${group}: ${kind}`;
      this.contents[what] = (this.contents[what] ?? 0) + bytes(value);
    }
    return this.compiler.createStore(values);
  }

  async compile(...[program, store]: Parameters<StepCompiler['compile']>): Promise<CompiledStep> {
    const step = await this.compiler.compile(program, store);
    return {
      run: async (inputs) => {
        const called = performance.now();
        const outputs = await step.run(inputs);
        const ended = performance.now();
        // Calls wait for each other: this one began when it was made or when the one before ended.
        this.seconds.set(program.name, (ended - Math.max(called, this.lastEnd)) / 1000);
        this.lastEnd = ended;
        return outputs;
      },
      dispose: () => step.dispose(),
    };
  }
}

async function loadTeacher(
  specs: Parameters<typeof pickParameters>[0],
  { teacher, tokenizer }: FullSizeModel['files'],
  checkpoints: string,
): Promise<HostTensors> {
  const read = async (file: string): Promise<HostTensors> =>
    (await readCheckpoint(join(checkpoints, file))).tensors;
  return pickParameters(specs, await read(teacher), await read(tokenizer));
}

function bytes({ shape }: TensorSpec): number {
  return 4 * elementCount(shape);
}

function bytesOf(values: Readonly<HostTensors>): number {
  return Object.values(values).reduce((sum, value) => sum + bytes(value), 0);
}

function sharedBytes(values: Readonly<HostTensors>, others: Readonly<HostTensors>): number {
  const data = new Set(Object.values(others).map((value) => value.data));
  return Object.values(values)
    .filter((value) => data.has(value.data))
    .reduce((sum, value) => sum + bytes(value), 0);
}
