import {
  CarriedState,
  guideByScale,
  requireFinite,
  sequenceLength,
  sequencePlace,
  truncatedLogProbs,
  type Rng,
  type StepCompiler,
  type StepFunction,
  type TeacherSampler,
  type TeacherSamples,
} from '@ar-distill/core';
import {
  categoricalMass,
  float32,
  int32,
  linear,
  MASKED_SCORE,
  sampleCategorical,
  type HostTensor,
  type HostTensors,
  type KeysAndValues,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { LlamagenTeacher } from './teacher';
import { rotaryTable } from './transformer/rotary-table';

const STREAM = 'llamagen-teacher-tokens';
const PREVIOUS = 'previous';

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
export async function compileSampler(
  teacher: LlamagenTeacher,
  compiler: StepCompiler,
  parameters: Readonly<HostTensors>,
  batchSize: number,
): Promise<TeacherSampler> {
  const { layout } = teacher;
  const length = sequenceLength(layout);
  const initial = (): HostTensors => initialState(teacher, batchSize);
  const store = await compiler.createStore(initial());
  const carried = new CarriedState(store, initial);
  const step = await compiler.compile(
    {
      name: 'llamagen-teacher-sampler',
      fn: decodingStep(teacher),
      state: Object.keys(store.specs),
      constants: parameters,
      inputs: {
        labels: { shape: [batchSize], dtype: 'int32' },
        uniforms: { shape: [batchSize], dtype: 'float32' },
        position: { shape: [], dtype: 'int32' },
        guidanceScale: { shape: [], dtype: 'float32' },
      },
      iterations: length,
    },
    store,
  );
  const guidanceScale = float32([length], Float32Array.from(teacher.guidanceScales()));
  const position = int32(
    [length],
    Int32Array.from({ length }, (_, i) => i),
  );
  return {
    batchSize,
    evaluations: length,
    async dispose(): Promise<void> {
      await step.dispose();
      await store.dispose();
    },
    async sample(labels: Int32Array, rng: Rng, firstSample: number): Promise<TeacherSamples> {
      if (labels.length !== batchSize) {
        throw new RangeError(
          `The sampler takes ${batchSize} labels at a time, not ${labels.length}.`,
        );
      }
      const uniforms = new Float32Array(length * batchSize);
      const repeated = new Int32Array(length * batchSize);
      for (let b = 0; b < batchSize; b++) {
        const draws = rng.uniform(STREAM, firstSample + b, length);
        for (let i = 0; i < length; i++) {
          uniforms[i * batchSize + b] = draws[i]!;
          repeated[i * batchSize + b] = labels[b]!;
        }
      }
      return carried.use(async () => {
        const { tokens, codes, mass } = (await step.run({
          labels: int32([length, batchSize], repeated),
          uniforms: float32([length, batchSize], uniforms),
          position,
          guidanceScale,
        })) as { tokens: HostTensor; codes: HostTensor; mass: HostTensor };
        const floats = (shape: readonly number[], values: HostTensor): HostTensor =>
          float32(shape, Float32Array.from(batchFirst(values, batchSize)));
        const sequence = floats([batchSize, length, layout.channels], codes);
        const place = sequencePlace(layout);
        requireFinite(
          "The LlamaGen teacher's next-token distribution",
          floats([batchSize, length], mass),
          firstSample,
          place,
        );
        requireFinite("The LlamaGen teacher's sequence", sequence, firstSample, place);
        return {
          tokens: int32([batchSize, length], Int32Array.from(batchFirst(tokens, batchSize))),
          sequence,
        };
      });
    },
  };
}

/** Caches [B·K, n, d] per layer (both halves of a guided batch) and the last tokens [B]. */
function initialState(teacher: LlamagenTeacher, batchSize: number): HostTensors {
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
function decodingStep(teacher: LlamagenTeacher): StepFunction {
  const { transformer, architecture, sampling, isGuided } = teacher;
  const length = sequenceLength(teacher.layout);

  return ({ state, constants: parameters, inputs }) => {
    const { labels, uniforms, position, guidanceScale } = inputs as Record<
      'labels' | 'uniforms' | 'position' | 'guidanceScale',
      tf.Tensor
    >;
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
      isGuided ? teacher.withUnconditional(labels) : labels,
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
      ? guideByScale(...(tf.split(logits, 2, 0) as [tf.Tensor, tf.Tensor]), guidanceScale)
      : logits;
    const logProbs = truncatedLogProbs(guided, sampling);
    const tokens = sampleCategorical(logProbs, uniforms);
    const codes = tf.gather(teacher.scaledCodebook(parameters), tokens);
    const mass = categoricalMass(logProbs);
    return { state: { ...caches, [PREVIOUS]: tokens }, outputs: { tokens, codes, mass } };
  };
}

/** [n, B, ...] → [B, n, ...], row-major values. */
function* batchFirst({ shape, data }: HostTensor, batchSize: number): Generator<number> {
  const length = shape[0]!;
  const size = data.length / (length * batchSize);
  for (let b = 0; b < batchSize; b++) {
    for (let i = 0; i < length; i++) {
      const start = (i * batchSize + b) * size;
      for (let c = 0; c < size; c++) yield data[start + c]!;
    }
  }
}
