import * as tf from '@tensorflow/tfjs';
import type { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  labelsOf,
  sequenceLength,
  type SequenceSampler,
  splitGuidance,
  withNothingGiven,
} from '@ar-distill/core';
import { guideByScale, truncatedLogProbs } from '@ar-distill/core/math';
import {
  type ArSteps,
  type ArStepValues,
  type ChooseCodes,
  type ChoosingProgram,
  compileStepwise,
  type DrawArStep,
  type DrawnArStep,
  samplerParts,
} from '@ar-distill/core/sampling';
import { type KeysAndValues, linear, MASKED_SCORE, type Parameters } from '@ar-distill/nn';
import {
  float32,
  type HostTensor,
  type HostTensors,
  int32,
  type StepCompiler,
} from '@ar-distill/program';
import type { LlamagenArchitecture } from './architecture';
import { rotaryTable } from './transformer/rotary-table';
import type { LlamagenTransformer } from './transformer/transformer';

const PREVIOUS = 'previous';

/** What decoding reads of the teacher. */
interface DecodedTeacher extends GuidedTeacher {
  readonly architecture: LlamagenArchitecture;
  readonly transformer: LlamagenTransformer;
  /** 1 at positions where guidance is on, 0 elsewhere. */
  guidedPositions(): number[];
  /** Guidance scales at positions of which `guided` says that, of samples with these `scales`. */
  guidanceScales(guided: tf.Tensor, scales?: tf.Tensor): tf.Tensor;
  /** What the transformer reads for `tokens` [...] int32: [..., D]. */
  inputOfTokens(parameters: Parameters, tokens: tf.Tensor): tf.Tensor;
}

/** Names of a layer's cache in the store. */
const cacheNames = (layer: number): readonly [string, string] => [
  `keys.${layer}`,
  `values.${layer}`,
];

/**
 * A sampler with the weights built in: one compiled decoding step, iterated over all positions, with
 * the keys and values of every layer as its state (`generate` of generate.py; the prefill is the
 * first step, which reads the class token). A guided step runs both halves at once and counts once.
 */
export function cachedSampler(
  teacher: DecodedTeacher,
  program: ChoosingProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  return compileStepwise(
    { ...samplerParts(teacher, program), ...cachedSteps(teacher, program) },
    compiler,
  );
}

/** The decoding step, which serves all positions, and what it reads beside the weights. */
export function cachedSteps(
  teacher: DecodedTeacher,
  { batchSize, choose }: Pick<ChoosingProgram, 'batchSize' | 'choose'>,
): ArSteps & { readonly drawStep: DrawArStep } {
  const guided = Float32Array.from(teacher.guidedPositions());
  return {
    initialState: () => initialState(teacher, batchSize),
    perStep: { guided: float32([guided.length], guided) },
    drawStep: (values) => decodingStep(teacher, choose, values),
  };
}

/** Caches [B·K, n, d] per layer (both halves of a guided batch) and the last tokens [B]. */
function initialState(teacher: DecodedTeacher, batchSize: number): HostTensors {
  const { width, depth, heads, keyValueHeads = heads } = teacher.architecture;
  const rows = batchSize * (teacher.isGuided ? 2 : 1) * keyValueHeads;
  const shape = [rows, sequenceLength(teacher.layout), width / heads];
  const zeros = (): HostTensor =>
    float32(shape, new Float32Array(shape.reduce((product, n) => product * n, 1)));
  const state: HostTensors = { [PREVIOUS]: int32([batchSize], new Int32Array(batchSize)) };
  for (let layer = 0; layer < depth; layer++) {
    for (const name of cacheNames(layer)) state[name] = zeros();
  }
  return state;
}

/**
 * One token per sequence. What a cache holds beyond the position is left from an earlier batch and
 * hidden by the mask, so nothing has to be reset unless that batch failed.
 */
function decodingStep(
  teacher: DecodedTeacher,
  choose: ChooseCodes,
  { parameters, state, draws, condition, start: position, perStep }: ArStepValues,
): DrawnArStep {
  const { transformer, architecture, sampling, isGuided } = teacher;
  const { guidance, condition: given } = splitGuidance(condition);
  const length = sequenceLength(teacher.layout);
  const positions = tf.range(0, length, 1, 'int32');
  const here = positions.equal(position).toFloat();
  const caches: Record<string, tf.Tensor> = {};
  const merge = (layer: number, own: KeysAndValues): KeysAndValues => {
    const [keysName, valuesName] = cacheNames(layer);
    const row = here.reshape([1, length, 1]);
    const replaced = (cache: tf.Tensor, vectors: tf.Tensor): tf.Tensor =>
      cache.mul(tf.sub(1, row)).add(vectors.mul(row));
    const keys = replaced(state[keysName]!, own.keys);
    const values = replaced(state[valuesName]!, own.values);
    caches[keysName] = keys;
    caches[valuesName] = values;
    return { keys, values };
  };

  const classToken = transformer.classToken(
    parameters,
    labelsOf(isGuided ? withNothingGiven(teacher.condition, given) : given),
  );
  const embedded = teacher.inputOfTokens(parameters, state[PREVIOUS]!).expandDims(1);
  const previous = isGuided ? tf.concat([embedded, embedded], 0) : embedded;
  const isFirst = position.equal(0).toFloat();
  const x = classToken.mul(isFirst).add(previous.mul(tf.sub(1, isFirst)));

  const table = rotaryTable(architecture);
  const own = (rows: tf.Tensor2D): tf.Tensor2D =>
    tf.matMul(here.as2D(1, length), rows.slice([0, 0], [length, -1]));
  const mask = positions.greater(position).toFloat().mul(MASKED_SCORE).reshape([1, 1, length]);
  const features = transformer.run(parameters, x, {
    rotary: { cos: own(table.cos), sin: own(table.sin) },
    mask,
    merge,
  });
  const logits = linear(parameters, 'output', features.squeeze([1]));
  const guided = isGuided
    ? guideByScale(
        ...(tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor]),
        teacher.guidanceScales(perStep['guided']!, guidance?.expandDims(1)),
      )
    : logits;
  const drawn = draws['draws']!.squeeze([1]);
  const logProbs = truncatedLogProbs(guided, sampling);
  const { tokens, codes } = choose(teacher.scaledCodebook(parameters), logProbs, drawn);
  return {
    state: { ...caches, [PREVIOUS]: tokens },
    sequence: codes.expandDims(1),
    tokens: tokens.expandDims(1),
  };
}
