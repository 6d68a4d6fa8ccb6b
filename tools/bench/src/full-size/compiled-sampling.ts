import { join } from 'node:path';
import { readCheckpoint } from '@ar-distill/checkpoints';
import {
  ArDiffusionGenerator,
  ofClasses,
  sequenceLength,
  type SequenceSampler,
} from '@ar-distill/core';
import { compileOneStep } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import type { ParameterSpecs } from '@ar-distill/nn';
import { createRng, type HostTensors } from '@ar-distill/program';
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
  { backbone, preset, files }: FullSizeModel,
  task: Task,
  { checkpoints, threads }: { readonly checkpoints: string; readonly threads: number },
): Promise<SamplingSide> {
  const { architecture, teacherSampling } = preset;
  const engine = createEngine({ threads });
  const tokenizer = backbone.createTokenizer!(architecture);
  const { channels } = tokenizer.layout;
  const n = sequenceLength(tokenizer.layout);
  const tokenizerFile = (await readCheckpoint(join(checkpoints, files.tokenizer))).tensors;
  const teacherFile = (await readCheckpoint(join(checkpoints, files.teacher))).tensors;
  const teacher = backbone.createTeacher(architecture, teacherSampling);
  const weights = pickParameters(teacher.parameterSpecs, teacherFile, tokenizerFile);
  const sampler = task === 'ar' ? await teacher.createSampler(engine, weights, 1) : await oneStep();
  const decode = await engine.compile({
    name: 'decode',
    constants: pickParameters(tokenizer.parameterSpecs, tokenizerFile),
    inputs: { sequence: { shape: [1, n, channels], dtype: 'float32' } },
    fn: ({ constants, inputs }) => ({
      outputs: { image: tokenizer.decode(constants, inputs['sequence']!) },
    }),
  });

  /** The network that a distillation starts from: the teacher's weights, a fresh head. */
  function oneStep(): Promise<SequenceSampler> {
    const network = backbone.createNetwork(architecture);
    return compileOneStep(
      {
        generator: new ArDiffusionGenerator(network),
        weights: network.initializeFromTeacher(weights, createRng(0)),
        batchSize: 1,
      },
      engine,
    );
  }

  let drawn = 0;
  return {
    name: 'compiled',
    async image() {
      const started = performance.now();
      const condition = ofClasses(Int32Array.of(CLASS));
      const { sequence } = await sampler.sample(condition, createRng(0), drawn++);
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
