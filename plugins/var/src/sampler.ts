import * as tf from '@tensorflow/tfjs';
import type { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  type Condition,
  labelsOf,
  type SequenceSampler,
  splitGuidance,
  stepStarts,
  withNothingGiven,
} from '@ar-distill/core';
import { guideByRatio, truncatedLogProbs } from '@ar-distill/core/math';
import { type ChooseCodes, type ChoosingProgram, compileSampler } from '@ar-distill/core/sampling';
import {
  type KeysAndValues,
  linear,
  type Parameters,
  sampleCodes,
  type SampledCodes,
} from '@ar-distill/nn';
import type { StepCompiler } from '@ar-distill/program';
import type { MultiScaleQuantizer } from './quantizer/multi-scale-quantizer';
import type { VarTransformer } from './transformer/transformer';

/** What decoding reads of the teacher. */
export interface DecodedTeacher extends GuidedTeacher {
  readonly transformer: VarTransformer;
  readonly quantizer: MultiScaleQuantizer;
}

/** Sequences drawn from the teacher, as tensors. */
export interface DrawnSequences {
  /** [B, n] int32. */
  readonly tokens: tf.Tensor;
  /** Code vectors [B, n, C], scaled. */
  readonly sequence: tf.Tensor;
}

/**
 * Autoregressive decoding of all scales in one program: every scale reads the keys and values of the
 * earlier ones (`autoregressive_infer_cfg` of var.py). Condition [B], `draws` [B, n, …]: what `choose` makes
 * codes of, uniforms in [0, 1) where it samples.
 */
export function drawSequences(
  teacher: DecodedTeacher,
  parameters: Parameters,
  given: Condition,
  draws: tf.Tensor,
  choose: ChooseCodes = sampleCodes,
): DrawnSequences {
  const { transformer, quantizer, layout, sampling, isGuided } = teacher;
  const { guidance, condition: own } = splitGuidance(given);
  const starts = stepStarts(layout);
  const scales = starts.length;
  const batch = draws.shape[0]!;
  const embedding = transformer.classEmbedding(
    parameters,
    labelsOf(isGuided ? withNothingGiven(teacher.condition, own) : own),
  );
  const condition = transformer.condition(parameters, embedding);
  const positions = transformer.positions(parameters);
  const both = (x: tf.Tensor): tf.Tensor => (isGuided ? tf.concat([x, x], 0) : x);

  const codes: tf.Tensor[] = [];
  const tokens: tf.Tensor[] = [];
  let latent: tf.Tensor | undefined;
  let caches: readonly KeysAndValues[] | undefined;

  /** Appends the codes of a scale; returns what the transformer reads at the next one. */
  const append = (scale: number, drawn: SampledCodes): tf.Tensor | undefined => {
    tokens.push(drawn.tokens);
    codes.push(drawn.codes);
    if (scale === scales - 1) return undefined;
    const unscaled = tf.gather(quantizer.codebook(parameters), drawn.tokens);
    const added = quantizer.contribution(parameters, scale, unscaled);
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
    const ratio = guidance
      ? guidance.reshape([-1, 1, 1]).mul(scale / (scales - 1))
      : (sampling.guidanceScale * scale) / (scales - 1);
    const guided = isGuided
      ? guideByRatio(...(tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor]), ratio)
      : logits;
    const length = layout.stepLengths[scale]!;
    const own = draws.slice([0, starts[scale]!], [batch, length]);
    const logProbs = truncatedLogProbs(guided, sampling);
    input = append(scale, choose(teacher.scaledCodebook(parameters), logProbs, own));
  }
  return {
    tokens: tf.concat(tokens, 1),
    sequence: tf.concat(codes, 1),
  };
}

/** A sampler with the weights built in. A guided pass runs both halves at once and counts once. */
export function cachedSampler(
  teacher: DecodedTeacher,
  { name, weights, batchSize, draws, choose }: ChoosingProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { layout, condition } = teacher;
  return compileSampler(
    {
      name,
      layout,
      condition,
      weights,
      batchSize,
      evaluations: layout.stepLengths.length,
      draws: { draws },
      sample: (parameters, { draws: own }, given) =>
        drawSequences(teacher, parameters, given, own!, choose),
    },
    compiler,
  );
}
