import {
  ArDiffusionGenerator,
  compileArDiffusion,
  drawRefinement,
  pixelPlace,
  requireFinite,
  sequenceLength,
  sequencePlace,
  snapToCodes,
  type ConditionalScoreTeacher,
  type DiscreteScoreTeacher,
  type GuidanceNetwork,
  type ImageTokenizer,
  type Rng,
  type SequenceLayout,
  type StepCompiler,
} from '@ar-distill/core';
import {
  elementCount,
  float32,
  int32,
  prefixed,
  type HostTensor,
  type HostTensors,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';

/** Something that draws images, a fixed number per call. */
export interface ImageSource {
  readonly batchSize: number;
  /** Network evaluations per image, the tokenizer's decoder not counted. */
  readonly evaluations: number;
  /**
   * `labels` has `batchSize` entries → images [batchSize, H, W, channels] in [−1, 1].
   * @throws NonFiniteError saying where something became NaN or infinite on the way.
   */
  draw(labels: Int32Array, rng: Rng, firstSample: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** A network with weights that belong to it. */
export interface Loaded<Network> {
  readonly network: Network;
  readonly weights: Readonly<HostTensors>;
}

/** What turns sequences into images. */
export interface Decoder {
  readonly tokenizer: ImageTokenizer;
  readonly weights: Readonly<HostTensors>;
  /** Factor of the sequences' space: code vectors are divided by it before decoding. */
  readonly codeScale: number;
  /** Replace every code vector by its nearest code first. */
  readonly snap?: boolean;
}

/** One network evaluation per image: the distilled generator. */
export function oneStepSource(
  compiler: StepCompiler,
  { network, weights }: Loaded<GuidanceNetwork>,
  decoder: Decoder,
  batchSize: number,
): Promise<ImageSource> {
  const generator = new ArDiffusionGenerator(network);
  return networkSource(compiler, { network, weights }, decoder, batchSize, {
    name: 'one-step generator',
    evaluations: 1,
    sequence: (parameters, noise, labels) => {
      const generated = generator.generate(parameters, noise, labels);
      return { sequence: generated, generated };
    },
  });
}

/** The AR-diffusion model of stage 1, `solverSteps` Euler steps per AR step. */
export async function arDiffusionSource(
  compiler: StepCompiler,
  { network, weights }: Loaded<GuidanceNetwork>,
  decoder: Decoder,
  batchSize: number,
  solverSteps: number,
): Promise<ImageSource> {
  const sampler = await compileArDiffusion({ network, weights, batchSize, solverSteps }, compiler);
  const decode = await compileDecoder(compiler, decoder, batchSize);
  return {
    batchSize,
    evaluations: sampler.evaluations,
    draw: async (labels, rng, firstSample) => {
      const noise = drawNoise(network.layout, rng, firstSample, batchSize);
      const { data } = await sampler.sample(noise, labels, firstSample);
      return decode.images(data as Float32Array, firstSample);
    },
    dispose: async () => {
      await sampler.dispose();
      await decode.dispose();
    },
  };
}

/** The AR teacher with its sampling settings. */
export async function teacherSource(
  compiler: StepCompiler,
  teacher: ConditionalScoreTeacher,
  weights: Readonly<HostTensors>,
  decoder: Decoder,
  batchSize: number,
): Promise<ImageSource> {
  const sampler = await teacher.createSampler(compiler, weights, batchSize);
  const decode = await compileDecoder(compiler, decoder, batchSize);
  return {
    batchSize,
    evaluations: sampler.evaluations,
    draw: async (labels, rng, firstSample) => {
      const { sequence } = await sampler.sample(labels, rng, firstSample);
      return decode.images(sequence.data as Float32Array, firstSample);
    },
    dispose: async () => {
      await sampler.dispose();
      await decode.dispose();
    },
  };
}

/** A generator's sequence whose last AR steps the teacher draws again (DD2, Algorithm 4). */
export function refinedSource(
  compiler: StepCompiler,
  { network, weights }: Loaded<GuidanceNetwork>,
  refinement: {
    readonly teacher: DiscreteScoreTeacher;
    readonly weights: Readonly<HostTensors>;
    readonly steps: number;
  },
  decoder: Decoder,
  batchSize: number,
): Promise<ImageSource> {
  const { teacher, steps } = refinement;
  const generator = new ArDiffusionGenerator(network);
  const all = { ...prefixed('own', weights), ...prefixed('teacher', refinement.weights) };
  return networkSource(compiler, { network, weights: all }, decoder, batchSize, {
    name: `one-step generator and ${steps} teacher steps`,
    evaluations: 1 + steps,
    sequence: (parameters, noise, labels, uniforms) => {
      const generated = generator.generate(withoutPrefix('own', parameters), noise, labels);
      const own = withoutPrefix('teacher', parameters);
      const refined = drawRefinement(teacher, own, generated, labels, uniforms, steps);
      return { ...refined, generated };
    },
  });
}

/** A compiled decoder for batches of sequences. */
export interface CompiledDecoder {
  /**
   * Scaled code vectors [batchSize, n, C] → images [batchSize, H, W, channels] in [−1, 1].
   * `firstSample` (default 0) is the number of the first one in errors.
   * @throws NonFiniteError when code vectors or images are not finite.
   */
  images(sequence: Float32Array, firstSample?: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export async function compileDecoder(
  compiler: StepCompiler,
  decoder: Decoder,
  batchSize: number,
): Promise<CompiledDecoder> {
  const { layout } = decoder.tokenizer;
  const shape = [batchSize, sequenceLength(layout), layout.channels];
  const step = await compiler.compile({
    name: 'decoder',
    fn: ({ constants, inputs }) => ({
      outputs: { images: decode(decoder, constants, inputs['sequence']!) },
    }),
    constants: decoder.weights,
    inputs: { sequence: { shape, dtype: 'float32' } },
  });
  return {
    images: async (sequence, firstSample = 0) => {
      const given = float32(shape, sequence);
      // A code that is nearest to NaN would look like any other.
      requireFinite('The sequence to decode', given, firstSample, sequencePlace(layout));
      const { images } = await step.run({ sequence: given });
      return finiteImages(images!, firstSample);
    },
    dispose: () => step.dispose(),
  };
}

/** What a program draws before it is decoded. */
interface Drawn {
  /** What is decoded: scaled code vectors [B, n, C]. */
  readonly sequence: tf.Tensor;
  /** What the generator made, [B, n, C], before anything that could hide a NaN. */
  readonly generated: tf.Tensor;
  /** Where codes were drawn: sums of the probabilities [B, n] that they were drawn from. */
  readonly mass?: tf.Tensor;
}

interface NetworkSource {
  readonly name: string;
  readonly evaluations: number;
  sequence(
    parameters: Readonly<Record<string, tf.Tensor>>,
    noise: tf.Tensor,
    labels: tf.Tensor,
    /** [B, n] in [0, 1). */
    uniforms: tf.Tensor,
  ): Drawn;
}

/** Noise in, images out, in one compiled program: both networks' weights are its constants. */
async function networkSource(
  compiler: StepCompiler,
  { network, weights }: Loaded<GuidanceNetwork>,
  decoder: Decoder,
  batchSize: number,
  { name, evaluations, sequence }: NetworkSource,
): Promise<ImageSource> {
  const { layout } = network;
  const perSample = [sequenceLength(layout), layout.channels];
  const step = await compiler.compile({
    name,
    fn: ({ constants, inputs }) => {
      const own = withoutPrefix('network', constants);
      const { sequence: drawn, ...checked } = sequence(
        own,
        inputs['noise']!,
        inputs['labels']!,
        inputs['uniforms']!,
      );
      const images = decode(decoder, withoutPrefix('decoder', constants), drawn);
      return { outputs: { images, ...checked } };
    },
    constants: { ...prefixed('network', weights), ...prefixed('decoder', decoder.weights) },
    inputs: {
      noise: { shape: [batchSize, ...perSample], dtype: 'float32' },
      labels: { shape: [batchSize], dtype: 'int32' },
      uniforms: { shape: [batchSize, perSample[0]!], dtype: 'float32' },
    },
  });
  return {
    batchSize,
    evaluations,
    draw: async (labels, rng, firstSample) => {
      const uniforms = new Float32Array(batchSize * perSample[0]!);
      for (let i = 0; i < batchSize; i++) {
        const own = rng.uniform('sample/uniforms', firstSample + i, perSample[0]!);
        uniforms.set(own, i * perSample[0]!);
      }
      const { images, generated, mass } = await step.run({
        noise: drawNoise(layout, rng, firstSample, batchSize),
        labels: int32([batchSize], labels),
        uniforms: float32([batchSize, perSample[0]!], uniforms),
      });
      const place = sequencePlace(layout);
      requireFinite('The one-step generator', generated!, firstSample, place);
      if (mass) requireFinite("The teacher's next-token distribution", mass, firstSample, place);
      return finiteImages(images!, firstSample);
    },
    dispose: () => step.dispose(),
  };
}

/** Noise [batchSize, n, C] of the samples from `firstSample` on. */
function drawNoise(
  layout: SequenceLayout,
  rng: Rng,
  firstSample: number,
  batchSize: number,
): HostTensor {
  const shape = [batchSize, sequenceLength(layout), layout.channels];
  const size = elementCount(shape) / batchSize;
  const noise = new Float32Array(batchSize * size);
  for (let i = 0; i < batchSize; i++) {
    noise.set(rng.normal('sample/noise', firstSample + i, size), i * size);
  }
  return float32(shape, noise);
}

/**
 * Checks images [B, H, W, channels] that are not clipped yet, because clipping would make a colour of an
 * infinity, and clips them in place to [−1, 1].
 * @throws NonFiniteError saying which pixel of which image is not finite.
 */
export function finiteImages(images: HostTensor, firstSample: number): Float32Array {
  requireFinite('The decoded image', images, firstSample, pixelPlace);
  const values = images.data as Float32Array;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > 1) values[i] = 1;
    else if (values[i]! < -1) values[i] = -1;
  }
  return values;
}

/** Images that are not clipped yet. */
function decode(
  { tokenizer, codeScale, snap }: Decoder,
  parameters: Readonly<Record<string, tf.Tensor>>,
  scaled: tf.Tensor,
): tf.Tensor {
  const vectors = codeScale === 1 ? scaled : scaled.div(codeScale);
  const final = snap ? snapToCodes(vectors, tokenizer.codebook(parameters)) : vectors;
  return tokenizer.decode(parameters, final);
}

function withoutPrefix<T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> {
  const start = `${prefix}.`;
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => name.startsWith(start))
      .map(([name, value]) => [name.slice(start.length), value]),
  );
}
