import * as tf from '@tensorflow/tfjs';
import { integers, uniform } from '../arrays';
import type { KernelCase } from '../compare-with-cpu';

type Axis = number | number[] | undefined;
type Reduce = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

const X = uniform([2, 3, 5], 0.5, 2);
const AXES: readonly Axis[] = [undefined, 0, 1, -1, [0, 2], [-1, 0], [1, 2]];

function reductions(reduce: Reduce, differentiable = true, int32 = true): KernelCase[] {
  return [
    ...AXES.flatMap((axis) =>
      [false, true].map((keepDims) => ({
        name: `over ${axis === undefined ? 'everything' : `[${[axis].flat().join()}]`}${keepDims ? ', rank kept' : ''}`,
        operands: [X],
        compute: (x: tf.Tensor) => reduce(x, axis, keepDims),
        ...(differentiable ? { gradients: [0] } : {}),
      })),
    ),
    { name: 'of a scalar', operands: [uniform([])], compute: (x) => reduce(x) },
    {
      name: 'of a broadcast value',
      operands: [uniform([1, 5], 0.5, 2)],
      compute: (x) => reduce(x.broadcastTo([3, 5]), 0),
      ...(differentiable ? { gradients: [0] } : {}),
    },
    ...(int32
      ? [
          {
            name: 'int32',
            operands: [integers([3, 4], -3, 9)],
            compute: (x: tf.Tensor) => [reduce(x), reduce(x, 1), reduce(x, -2, true)],
          },
        ]
      : []),
  ];
}

const predicates = (reduce: Reduce): KernelCase[] => [
  {
    name: 'bool',
    operands: [uniform([3, 4])],
    compute: (x) => AXES.slice(0, 3).map((axis) => reduce(x.greater(-0.5), axis)),
  },
];

const positions = (find: (x: tf.Tensor, axis?: number) => tf.Tensor): KernelCase[] => [
  ...[0, 1, -1].map((axis) => ({
    name: `along ${axis}`,
    operands: [X],
    compute: (x: tf.Tensor) => find(x, axis),
  })),
  { name: 'with ties', operands: [integers([4, 9], 0, 3)], compute: (x) => find(x, 1) },
  { name: 'float ties', operands: [integers([4, 9], 0, 3)], compute: (x) => find(x.toFloat(), 1) },
];

const softmaxes = (compute: (x: tf.Tensor, axis?: number) => tf.Tensor): KernelCase[] => [
  { name: 'last axis', operands: [X], compute: (x) => compute(x), gradients: [0] },
  { name: 'negative axis', operands: [X], compute: (x) => compute(x, -1), gradients: [0] },
  {
    name: 'masked',
    operands: [X],
    compute: (x) => compute(x.add(tf.tensor1d([0, -1e9, 0, -1e9, 0]))),
    gradients: [0],
  },
];

export const REDUCTION_CASES = {
  All: predicates((x, axis) => tf.all(x, axis)),
  Any: predicates((x, axis) => tf.any(x, axis)),
  ArgMax: positions((x, axis) => tf.argMax(x, axis)),
  ArgMin: positions((x, axis) => tf.argMin(x, axis)),
  Max: reductions(tf.max),
  Mean: reductions(tf.mean),
  Min: reductions(tf.min),
  // The gradient of a product is made of Cumprod, which ONNX lacks.
  Prod: reductions(tf.prod, false),
  Softmax: [
    ...softmaxes(tf.softmax),
    ...softmaxes(tf.logSoftmax).map((entry) => ({ ...entry, name: `logarithm, ${entry.name}` })),
    { name: 'of one value', operands: [uniform([4, 1])], compute: (x) => tf.softmax(x) },
  ],
  Sum: [
    ...reductions(tf.sum),
    { name: 'of bool', operands: [X], compute: (x) => x.greater(1).sum(-1) },
    {
      name: 'of nothing but a splat',
      operands: [uniform([2])],
      compute: (x) => [tf.ones([3, 4]).sum(0).add(x.sum()), tf.fill([2, 3], 0.25).mean(1).add(x)],
    },
  ],
  Cumsum: [
    // Not of negative axes, which tfjs permutes wrongly.
    ...[2, 0, 1].flatMap((axis) =>
      [false, true].flatMap((exclusive) =>
        [false, true].map((reverse) => ({
          name: `along ${axis}${exclusive ? ', exclusive' : ''}${reverse ? ', reverse' : ''}`,
          operands: [X],
          compute: (x: tf.Tensor) => tf.cumsum(x, axis, exclusive, reverse),
          // tfjs transposes the gradients of other axes wrongly.
          ...(axis === 2 ? { gradients: [0] } : {}),
        })),
      ),
    ),
    { name: 'int32', operands: [integers([3, 4], 0, 9)], compute: (x) => tf.cumsum(x, 1) },
  ],
  TopK: [1, 3, 7].map((k) => ({
    name: `k = ${k}`,
    operands: [uniform([4, 7])],
    compute: (x: tf.Tensor) => {
      const { values, indices } = tf.topk(x, k);
      return [values, indices];
    },
  })),
} satisfies Record<string, KernelCase[]>;
