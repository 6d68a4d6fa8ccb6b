import { join } from 'node:path';
import { readCheckpoint } from '@ar-distill/checkpoints';
import { ArDiffusionGenerator, sequenceLength } from '@ar-distill/core';
import { createEngine, type Engine } from '@ar-distill/engine';
import type { ParameterSpecs } from '@ar-distill/nn';
import {
  type CompiledStep,
  createRng,
  float32,
  type HostTensors,
  int32,
} from '@ar-distill/program';
import type { FullSizeModel, Task } from './families';

/** One image after the other from a model in official files. */
export interface SamplingSide {
  readonly name: string;
  /** Draws and decodes an image; milliseconds of both parts. */
  image(): Promise<{ readonly sequence: number; readonly decode: number }>;
  /** Most memory that the process has had so far, bytes. */
  peakMemory(): Promise<number>;
  close(): Promise<void>;
}

const CLASS = 7;

/** Loads what the task needs, and only that. */
export async function compiledSampling(
  { plugin, preset, files }: FullSizeModel,
  task: Task,
  { checkpoints, threads }: { readonly checkpoints: string; readonly threads: number },
): Promise<SamplingSide> {
  const { architecture, teacherSampling } = plugin.presets[preset]!;
  const engine = createEngine({ threads });
  const tokenizer = plugin.createTokenizer!(architecture);
  const { channels } = tokenizer.layout;
  const n = sequenceLength(tokenizer.layout);
  const tokenizerFile = (await readCheckpoint(join(checkpoints, files.tokenizer))).tensors;
  const teacherFile = (await readCheckpoint(join(checkpoints, files.teacher))).tensors;
  const teacher = plugin.createTeacher(architecture, teacherSampling);
  const weights = pickParameters(teacher.parameterSpecs, teacherFile, tokenizerFile);
  const draw =
    task === 'ar'
      ? await teacher.createSampler(engine, weights, 1).then((sampler) => async (i: number) => {
          const { sequence } = await sampler.sample(Int32Array.of(CLASS), createRng(0), i);
          return sequence;
        })
      : await oneStep(engine);
  const decode = await engine.compile({
    name: 'decode',
    constants: pickParameters(tokenizer.parameterSpecs, tokenizerFile),
    inputs: { sequence: { shape: [1, n, channels], dtype: 'float32' } },
    fn: ({ constants, inputs }) => ({
      outputs: { image: tokenizer.decode(constants, inputs['sequence']!) },
    }),
  });

  /** The network that a distillation starts from: the teacher's weights, a fresh head. */
  async function oneStep(on: Engine) {
    const network = plugin.createNetwork(architecture);
    const generator = new ArDiffusionGenerator(network);
    const step: CompiledStep = await on.compile({
      name: 'one step',
      constants: network.initializeFromTeacher(weights, createRng(0)),
      inputs: {
        noise: { shape: [1, n, channels], dtype: 'float32' },
        labels: { shape: [1], dtype: 'int32' },
      },
      fn: ({ constants, inputs }) => ({
        outputs: { sequence: generator.generate(constants, inputs['noise']!, inputs['labels']!) },
      }),
    });
    return async (i: number) => {
      const noise = float32([1, n, channels], createRng(0).normal('noise', i, n * channels));
      const { sequence } = await step.run({ noise, labels: int32([1], Int32Array.of(CLASS)) });
      return sequence!;
    };
  }

  let drawn = 0;
  return {
    name: 'compiled',
    async image() {
      const started = performance.now();
      const sequence = await draw(drawn++);
      const middle = performance.now();
      await decode.run({ sequence });
      return { sequence: middle - started, decode: performance.now() - middle };
    },
    peakMemory: async () => process.resourceUsage().maxRSS * 1024,
    close: () => engine.dispose(),
  };
}

/** The named parameters, each from the first file that has it. */
export function pickParameters(
  specs: ParameterSpecs,
  ...files: readonly Readonly<HostTensors>[]
): HostTensors {
  return Object.fromEntries(
    Object.keys(specs).map((name) => {
      const value = files.map((file) => file[name]).find((tensor) => tensor !== undefined);
      if (!value) throw new Error(`The checkpoints hold no "${name}": write them again.`);
      return [name, value];
    }),
  );
}
