import * as tf from '@tensorflow/tfjs';
import type { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  type Condition,
  labelsOf,
  sequenceLength,
  type SequenceSampler,
  splitGuidance,
  stepStarts,
  withNothingGiven,
} from '@ar-distill/core';
import { guideByRatio, truncatedLogProbs } from '@ar-distill/core/math';
import {
  type ArSteps,
  type ChooseCodes,
  type ChoosingProgram,
  compileSampler,
  samplerParts,
} from '@ar-distill/core/sampling';
import {
  type KeysAndValues,
  linear,
  type Parameters,
  sampleCodes,
  type SampledCodes,
} from '@ar-distill/nn';
import { elementCount, float32, type HostTensor, type StepCompiler } from '@ar-distill/program';
import type { VarArchitecture } from './architecture';
import type { MultiScaleQuantizer } from './quantizer/multi-scale-quantizer';
import type { VarTransformer } from './transformer/transformer';

/** What decoding reads of the teacher. */
export interface DecodedTeacher extends GuidedTeacher {
  readonly architecture: VarArchitecture;
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

/** What the scales that are drawn leave to the next one. */
interface DrawnScales {
  /** Of every block, the earlier positions: [R, T, d], both halves of a guided batch. */
  readonly caches?: readonly KeysAndValues[];
  /** f̂ of these scales, [B, P², C]. */
  readonly latent?: tf.Tensor;
}

/** A scale's codes [B, p², C] and tokens [B, p²], and what is left to the next scale. */
interface DrawnScale extends SampledCodes, DrawnScales {
  readonly caches: readonly KeysAndValues[];
}

/** Draws scale `scale` from the numbers [B, p², …] of its positions. */
type DrawScale = (scale: number, earlier: DrawnScales, draws: tf.Tensor) => DrawnScale;

/**
 * Autoregressive decoding scale by scale: every scale reads the keys and values of the earlier ones
 * (`autoregressive_infer_cfg` of var.py). Condition [B].
 */
function scaleDrawing(
  teacher: DecodedTeacher,
  parameters: Parameters,
  given: Condition,
  choose: ChooseCodes,
): DrawScale {
  const { transformer, quantizer, layout, sampling, isGuided } = teacher;
  const { guidance, condition: own } = splitGuidance(given);
  const starts = stepStarts(layout);
  const last = starts.length - 1;
  const embedding = transformer.classEmbedding(
    parameters,
    labelsOf(isGuided ? withNothingGiven(teacher.condition, own) : own),
  );
  const condition = transformer.condition(parameters, embedding);
  const positions = transformer.positions(parameters);

  const input = (scale: number, latent: tf.Tensor | undefined): tf.Tensor => {
    if (!latent) return transformer.startTokens(parameters, embedding);
    const words = linear(parameters, 'word_embed', quantizer.atScale(latent, scale));
    return isGuided ? tf.concat([words, words], 0) : words;
  };
  const placed = (x: tf.Tensor, from: number): tf.Tensor =>
    x.add(positions.slice([0, from, 0], [1, x.shape[1]!, positions.shape[2]!]));
  /** f̂ with the codes of a scale, which the last scale's are not needed for. */
  const latentAfter = (scale: number, tokens: tf.Tensor, earlier?: tf.Tensor): DrawnScales => {
    if (scale === last) return {};
    const unscaled = tf.gather(quantizer.codebook(parameters), tokens);
    const added = quantizer.contribution(parameters, scale, unscaled);
    return { latent: earlier ? earlier.add(added) : added };
  };

  return (scale, { caches: earlier, latent }, draws) => {
    const x = placed(input(scale, latent), starts[scale]!);
    const context = earlier ? { caches: earlier } : {};
    const { features, caches } = transformer.run(parameters, x, condition, context);
    const logits = linear(parameters, 'head', features);
    const ratio = guidance
      ? guidance.reshape([-1, 1, 1]).mul(scale / last)
      : (sampling.guidanceScale * scale) / last;
    const guided = isGuided
      ? guideByRatio(...(tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor]), ratio)
      : logits;
    const logProbs = truncatedLogProbs(guided, sampling);
    const drawn = choose(teacher.scaledCodebook(parameters), logProbs, draws);
    return { ...drawn, caches, ...latentAfter(scale, drawn.tokens, latent) };
  };
}

/**
 * All scales in one program. Condition [B], `draws` [B, n, …]: what `choose` makes codes of, uniforms in [0, 1)
 * where it samples.
 */
export function drawSequences(
  teacher: DecodedTeacher,
  parameters: Parameters,
  given: Condition,
  draws: tf.Tensor,
  choose: ChooseCodes = sampleCodes,
): DrawnSequences {
  const { layout } = teacher;
  const draw = scaleDrawing(teacher, parameters, given, choose);
  const scales: DrawnScale[] = [];
  for (const [scale, start] of stepStarts(layout).entries()) {
    const own = draws.slice([0, start], [draws.shape[0]!, layout.stepLengths[scale]!]);
    scales.push(draw(scale, scales.at(-1) ?? {}, own));
  }
  return {
    tokens: tf.concat(
      scales.map(({ tokens }) => tokens),
      1,
    ),
    sequence: tf.concat(
      scales.map(({ codes }) => codes),
      1,
    ),
  };
}

/** A sampler with the weights built in. A guided pass runs both halves at once and counts once. */
export function cachedSampler(
  teacher: DecodedTeacher,
  program: ChoosingProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { choose } = program;
  return compileSampler(
    {
      ...samplerParts(teacher, program),
      sample: (parameters, { draws: own }, given) =>
        drawSequences(teacher, parameters, given, own!, choose),
    },
    compiler,
  );
}

/** Names of what a scale leaves to the next one: a block's keys and values, and f̂. */
const keysOf = (block: number): string => `keys.${block}`;
const valuesOf = (block: number): string => `values.${block}`;
const LATENT = 'latent';

/** A program for every scale, whose state are the keys and values of all scales and f̂. */
export function cachedSteps(
  teacher: DecodedTeacher,
  { batchSize, choose }: Pick<ChoosingProgram, 'batchSize' | 'choose'>,
): ArSteps {
  const { layout, architecture, isGuided } = teacher;
  const { depth, heads, width } = architecture;
  const length = sequenceLength(layout);
  const zeros = (...shape: number[]): HostTensor =>
    float32(shape, new Float32Array(elementCount(shape)));
  const blocks = Array.from({ length: depth }, (_, block) => block);
  return {
    initialState: () => {
      const cache = (): HostTensor =>
        zeros(batchSize * heads * (isGuided ? 2 : 1), length, width / heads);
      return {
        ...Object.fromEntries(
          blocks.flatMap((block) => [
            [keysOf(block), cache()],
            [valuesOf(block), cache()],
          ]),
        ),
        [LATENT]: zeros(batchSize, layout.stepLengths.at(-1)!, layout.channels),
      };
    },
    drawStep: stepStarts(layout).map(
      (start, scale) =>
        ({ parameters, state, draws, condition }) => {
          const end = start + layout.stepLengths[scale]!;
          const rows = (name: string, from: number, to: number): tf.Tensor =>
            state[name]!.slice([0, from], [-1, to - from]);
          const earlier: DrawnScales =
            scale === 0
              ? {}
              : {
                  caches: blocks.map((block) => ({
                    keys: rows(keysOf(block), 0, start),
                    values: rows(valuesOf(block), 0, start),
                  })),
                  latent: state[LATENT]!,
                };
          const draw = scaleDrawing(teacher, parameters, condition, choose);
          const { codes, tokens, caches, latent } = draw(scale, earlier, draws['draws']!);
          // What comes behind these positions is left from an earlier batch, and read by nobody.
          const filled = (name: string, own: tf.Tensor): [string, tf.Tensor] => [
            name,
            tf.concat([own, rows(name, end, length)], 1),
          ];
          const next = latent && {
            ...Object.fromEntries(
              caches.flatMap(({ keys, values }, block) => [
                filled(keysOf(block), keys),
                filled(valuesOf(block), values),
              ]),
            ),
            [LATENT]: latent,
          };
          return { state: next ?? {}, sequence: codes, tokens };
        },
    ),
  };
}
