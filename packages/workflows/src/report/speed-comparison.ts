import { setTimeout } from 'node:timers/promises';
import { ArDiffusionGenerator, sequenceLength, type VelocityNetwork } from '@ar-distill/core';
import type { SpeedComparison } from '@ar-distill/metrics';
import { float32, type HostTensor, int32, type Rng, type StepCompiler } from '@ar-distill/program';
import type { PresetModels } from '../models/models';
import { labelsInTurn } from '../sample/draw-images';
import { compileDecoder, type Decoder, type Loaded } from '../sample/image-sources';

/** Calls that are timed, by images per call. */
const ROUNDS = { 1: 21, 100: 9 } as const;
/** Milliseconds before each call: threads that wait busily after the one before have gone to sleep. */
const PAUSE = 60;

/**
 * How much faster one step is than the teacher's KV-cached sampling: batches of 1 and of 100, in turns,
 * each sequence decoded afterwards by the same decoder.
 */
export async function compareSpeed(
  compiler: StepCompiler,
  { teacher, teacherWeights }: Pick<PresetModels, 'teacher' | 'teacherWeights'>,
  generator: Loaded<VelocityNetwork>,
  decoder: Decoder,
  rng: Rng,
): Promise<SpeedComparison[]> {
  const comparisons: SpeedComparison[] = [];
  for (const [size, rounds] of Object.entries(ROUNDS)) {
    const batchSize = Number(size);
    const classes = Array.from({ length: teacher.numClasses }, (_, i) => i);
    const labels = labelsInTurn(classes, batchSize);
    const sampler = await teacher.createSampler(compiler, teacherWeights, batchSize);
    const oneStep = await compileOneStep(compiler, generator, batchSize);
    const decode = await compileDecoder(compiler, decoder, batchSize);
    const teacherTimes: CallTimes = { sequence: [], image: [] };
    const generatorTimes: CallTimes = { sequence: [], image: [] };
    const call = async (times: CallTimes, draw: () => Promise<HostTensor>): Promise<void> => {
      await setTimeout(PAUSE);
      const started = performance.now();
      const sequence = await draw();
      const drawn = performance.now();
      await decode.images(sequence.data as Float32Array);
      times.sequence.push((drawn - started) / 1000);
      times.image.push((performance.now() - started) / 1000);
    };
    for (let round = 0; round <= rounds; round++) {
      const first = round * batchSize;
      await call(teacherTimes, async () => (await sampler.sample(labels, rng, first)).sequence);
      await call(generatorTimes, () => oneStep.draw(labels, rng, first));
    }
    await sampler.dispose();
    await oneStep.dispose();
    await decode.dispose();
    for (const what of ['sequence', 'image'] as const) {
      comparisons.push({
        batchSize,
        decoded: what === 'image',
        teacherSeconds: medianAfterWarmUp(teacherTimes[what]),
        generatorSeconds: medianAfterWarmUp(generatorTimes[what]),
      });
    }
  }
  return comparisons;
}

/** Seconds of every call, the first one included. */
interface CallTimes {
  readonly sequence: number[];
  readonly image: number[];
}

/** The first call warms up and is not counted. */
function medianAfterWarmUp(times: readonly number[]): number {
  const counted = times.slice(1).sort((a, b) => a - b);
  return counted[counted.length >> 1]!;
}

/** Noise in, code vectors out, without the decoder. */
async function compileOneStep(
  compiler: StepCompiler,
  { network, weights }: Loaded<VelocityNetwork>,
  batchSize: number,
) {
  const { layout } = network;
  const generator = new ArDiffusionGenerator(network);
  const shape = [batchSize, sequenceLength(layout), layout.channels];
  const size = shape[1]! * shape[2]!;
  const step = await compiler.compile({
    name: 'one-step sequences',
    fn: ({ constants, inputs }) => ({
      outputs: { sequence: generator.generate(constants, inputs['noise']!, inputs['labels']!) },
    }),
    constants: weights,
    inputs: {
      noise: { shape, dtype: 'float32' },
      labels: { shape: [batchSize], dtype: 'int32' },
    },
  });
  return {
    async draw(labels: Int32Array, rng: Rng, firstSample: number): Promise<HostTensor> {
      const noise = new Float32Array(batchSize * size);
      for (let i = 0; i < batchSize; i++) {
        noise.set(rng.normal('sample/noise', firstSample + i, size), i * size);
      }
      const outputs = await step.run({
        noise: float32(shape, noise),
        labels: int32([batchSize], labels),
      });
      return outputs['sequence']!;
    },
    dispose: () => step.dispose(),
  };
}
