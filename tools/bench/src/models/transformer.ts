import {
  attention,
  blockCausalMask,
  geluTanh,
  layerNorm,
  layerNormSpecs,
  linear,
  linearSpecs,
  mergeHeads,
  parameter,
  prefixed,
  softmaxCrossEntropy,
  splitHeads,
  type Initializer,
  type ParameterSpecs,
} from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { BenchModel } from '../bench-model';
import { integerTensor, normalTensor } from '../noise';

/** A class-conditional next-scale transformer, pre-norm, without adaptive normalisation. */
export interface TransformerSize {
  readonly name: string;
  readonly width: number;
  readonly depth: number;
  readonly batch: number;
  /** Side lengths of the scales; tokens of one scale see each other. */
  readonly patchNums: readonly number[];
}

const CHANNELS = 32;
const CLASSES = 1000;
const HEAD_SIZE = 64;
const VOCABULARY = 4096;

/** Trains by AdamW on the cross-entropy of every token. */
export function transformer({ name, width, depth, batch, patchNums }: TransformerSize): BenchModel {
  const scaleOfToken = patchNums.flatMap((side, scale) => Array<number>(side * side).fill(scale));
  const length = scaleOfToken.length;
  const heads = width / HEAD_SIZE;
  return {
    name,
    description: `transformer, width ${width}, depth ${depth}, batch ${batch}, ${length} tokens, ${VOCABULARY} words, AdamW`,
    parameters: {
      ...prefixed('embedding', linearSpecs(CHANNELS, width, weight())),
      class: { shape: [CLASSES, width], init: weight() },
      position: { shape: [length, width], init: weight() },
      ...Object.assign({}, ...Array.from({ length: depth }, (_, i) => block(i, width))),
      ...prefixed('norm', layerNormSpecs(width)),
      ...prefixed('head', linearSpecs(width, VOCABULARY, weight())),
    },
    batch: {
      data: normalTensor('data', [batch, length, CHANNELS]),
      labels: integerTensor('labels', [batch], CLASSES),
      targets: integerTensor('targets', [batch * length], VOCABULARY),
    },
    optimizer: { learningRate: 2e-4, beta1: 0.9, beta2: 0.95, weightDecay: 0.05 },
    python: { kind: 'transformer', depth, heads, scaleOfToken },
    loss(parameters, inputs) {
      const classes = tf.oneHot(inputs['labels'] as tf.Tensor1D, CLASSES).toFloat() as tf.Tensor2D;
      const condition = tf.matMul(classes, parameter(parameters, 'class') as tf.Tensor2D);
      let x: tf.Tensor = linear(parameters, 'embedding', inputs['data']!)
        .add(parameter(parameters, 'position'))
        .add(condition.expandDims(1));
      const mask = blockCausalMask(scaleOfToken, scaleOfToken);
      for (let i = 0; i < depth; i++) {
        const at = (layer: string): string => `blocks.${i}.${layer}`;
        const qkv = linear(parameters, at('qkv'), layerNorm(parameters, at('norm1'), x));
        const [q, k, v] = tf.split(qkv, 3, 2).map((part) => splitHeads(part, heads)) as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
        ];
        const attended = attention(q, k, v, { scale: HEAD_SIZE ** -0.5, mask });
        x = x.add(linear(parameters, at('proj'), mergeHeads(attended, heads)));
        const hidden = geluTanh(
          linear(parameters, at('fc1'), layerNorm(parameters, at('norm2'), x)),
        );
        x = x.add(linear(parameters, at('fc2'), hidden));
      }
      const logits = linear(parameters, 'head', layerNorm(parameters, 'norm', x));
      const losses = softmaxCrossEntropy(logits.reshape([-1, VOCABULARY]), inputs['targets']!);
      return losses.mean().asScalar();
    },
  };
}

function block(index: number, width: number): ParameterSpecs {
  return prefixed(`blocks.${index}`, {
    ...prefixed('norm1', layerNormSpecs(width)),
    ...prefixed('qkv', linearSpecs(width, 3 * width, weight())),
    ...prefixed('proj', linearSpecs(width, width, weight())),
    ...prefixed('norm2', layerNormSpecs(width)),
    ...prefixed('fc1', linearSpecs(width, 4 * width, weight())),
    ...prefixed('fc2', linearSpecs(4 * width, width, weight())),
  });
}

function weight(): Initializer {
  return { kind: 'normal', std: 0.02 };
}
