import {
  guideByRatio,
  requireFinite,
  sequenceLength,
  sequencePlace,
  stepStarts,
  truncatedLogProbs,
  type Rng,
  type StepCompiler,
  type TeacherSampler,
  type TeacherSamples,
} from '@ar-distill/core';
import {
  categoricalMass,
  float32,
  int32,
  linear,
  sampleCategorical,
  type HostTensor,
  type HostTensors,
  type KeysAndValues,
  type Parameters,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { VarTeacher } from './teacher';

const STREAM = 'var-teacher-tokens';

/** Sequences drawn from the teacher, as tensors. */
export interface DrawnSequences {
  /** [B, n] int32. */
  readonly tokens: tf.Tensor;
  /** Code vectors [B, n, C], scaled. */
  readonly sequence: tf.Tensor;
  /** `categoricalMass` of what every token was drawn from, [B, n]: NaN where it was no distribution. */
  readonly mass: tf.Tensor;
}

/**
 * Autoregressive decoding of all scales in one program: every scale reads the keys and values of the
 * earlier ones (`autoregressive_infer_cfg` of var.py). `labels` [B], `uniforms` [B, n] in [0, 1):
 * one draw per token.
 */
export function drawSequences(
  teacher: VarTeacher,
  parameters: Parameters,
  labels: tf.Tensor,
  uniforms: tf.Tensor,
): DrawnSequences {
  const { transformer, quantizer, layout, sampling, isGuided } = teacher;
  const starts = stepStarts(layout);
  const scales = starts.length;
  const batch = labels.shape[0]!;
  const embedding = transformer.classEmbedding(
    parameters,
    isGuided ? teacher.withUnconditional(labels) : labels,
  );
  const condition = transformer.condition(parameters, embedding);
  const positions = transformer.positions(parameters);
  const both = (x: tf.Tensor): tf.Tensor => (isGuided ? tf.concat([x, x], 0) : x);

  const codes: tf.Tensor[] = [];
  const tokens: tf.Tensor[] = [];
  const masses: tf.Tensor[] = [];
  let latent: tf.Tensor | undefined;
  let caches: readonly KeysAndValues[] | undefined;

  /** Appends the tokens of a scale; returns what the transformer reads at the next one. */
  const append = (scale: number, drawn: tf.Tensor): tf.Tensor | undefined => {
    const vectors = quantizer.lookUp(parameters, drawn);
    tokens.push(drawn);
    codes.push(vectors);
    if (scale === scales - 1) return undefined;
    const added = quantizer.contribution(parameters, scale, vectors);
    latent = latent ? latent.add(added) : added;
    return both(linear(parameters, 'word_embed', quantizer.atScale(latent, scale + 1)));
  };
  const placed = (x: tf.Tensor, from: number): tf.Tensor =>
    x.add(positions.slice([0, from, 0], [1, x.shape[1]!, positions.shape[2]!]));

  let input: tf.Tensor | undefined = transformer.startTokens(parameters, embedding);
  for (let scale = 0; scale < scales; scale++) {
    const x = placed(input!, starts[scale]!);
    const result = transformer.run(parameters, x, condition, caches ? { caches } : {});
    caches = result.caches;
    const logits = linear(parameters, 'head', result.features);
    const ratio = (sampling.guidanceScale * scale) / (scales - 1);
    const guided = isGuided
      ? guideByRatio(...(tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor]), ratio)
      : logits;
    const length = layout.stepLengths[scale]!;
    const draws = uniforms.slice([0, starts[scale]!], [batch, length]);
    const logProbs = truncatedLogProbs(guided, sampling);
    masses.push(categoricalMass(logProbs));
    input = append(scale, sampleCategorical(logProbs, draws));
  }
  return {
    tokens: tf.concat(tokens, 1),
    sequence: tf.concat(codes, 1).mul(teacher.codeScale),
    mass: tf.concat(masses, 1),
  };
}

/** A sampler with the weights built in. A guided pass runs both halves at once and counts once. */
export async function compileSampler(
  teacher: VarTeacher,
  compiler: StepCompiler,
  parameters: Readonly<HostTensors>,
  batchSize: number,
): Promise<TeacherSampler> {
  const length = sequenceLength(teacher.layout);
  const step = await compiler.compile({
    name: 'var-teacher-sampler',
    constants: parameters,
    inputs: {
      labels: { shape: [batchSize], dtype: 'int32' },
      uniforms: { shape: [batchSize, length], dtype: 'float32' },
    },
    fn: ({ constants, inputs }) => {
      const { labels, uniforms } = inputs as { labels: tf.Tensor; uniforms: tf.Tensor };
      return { outputs: { ...drawSequences(teacher, constants, labels, uniforms) } };
    },
  });
  return {
    batchSize,
    evaluations: teacher.layout.stepLengths.length,
    dispose: () => step.dispose(),
    async sample(labels: Int32Array, rng: Rng, firstSample: number): Promise<TeacherSamples> {
      if (labels.length !== batchSize) {
        throw new RangeError(
          `The sampler takes ${batchSize} labels at a time, not ${labels.length}.`,
        );
      }
      const uniforms = new Float32Array(batchSize * length);
      for (let b = 0; b < batchSize; b++) {
        uniforms.set(rng.uniform(STREAM, firstSample + b, length), b * length);
      }
      const { tokens, sequence, mass } = (await step.run({
        labels: int32([batchSize], labels),
        uniforms: float32([batchSize, length], uniforms),
      })) as { tokens: HostTensor; sequence: HostTensor; mass: HostTensor };
      const place = sequencePlace(teacher.layout);
      requireFinite("The VAR teacher's next-token distribution", mass, firstSample, place);
      requireFinite("The VAR teacher's sequence", sequence, firstSample, place);
      return { tokens, sequence };
    },
  };
}
