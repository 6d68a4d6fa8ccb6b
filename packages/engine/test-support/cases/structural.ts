import * as tf from '@tensorflow/tfjs';
import { integers, uniform } from '../arrays';
import type { KernelCase } from '../compare-with-cpu';

const X = uniform([2, 3, 5]);
const MATRIX = uniform([4, 7], -1, 1, 2);
const IDS = integers([2, 4], 0, 7, 3);

function products(a: readonly number[], b: readonly number[]): KernelCase[] {
  const swap = (shape: readonly number[]): number[] => [
    ...shape.slice(0, -2),
    shape.at(-1)!,
    shape.at(-2)!,
  ];
  return [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `[${a.join()}]${transposeA ? 'ᵀ' : ''} · [${b.join()}]${transposeB ? 'ᵀ' : ''}`,
      operands: [
        uniform(transposeA ? swap(a) : a, -1, 1, 11),
        uniform(transposeB ? swap(b) : b, -1, 1, 12),
      ],
      compute: (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, transposeA, transposeB),
      gradients: [0, 1],
    })),
  );
}

const one = (
  name: string,
  compute: (x: tf.Tensor) => tf.Tensor | tf.Tensor[],
  operand = X,
): KernelCase => ({
  name,
  operands: [operand],
  compute,
  ...(operand.dtype === 'float32' ? { gradients: [0] } : {}),
});

/** Without a gradient: tfjs has none, or one that cannot be compiled. */
const forward = (
  name: string,
  compute: (x: tf.Tensor) => tf.Tensor | tf.Tensor[],
  operand = X,
): KernelCase => ({ name, operands: [operand], compute });

export const STRUCTURAL_CASES = {
  BatchMatMul: [
    ...products([3, 5], [5, 2]),
    ...products([4, 3, 5], [4, 5, 2]),
    ...products([2, 2, 3, 1], [2, 2, 1, 4]),
    {
      name: 'batch and its matrix of constants',
      operands: [X, MATRIX],
      compute: (x, w) => x.slice([0, 0, 0], [2, 3, 4]).reshape([6, 4]).matMul(w),
      gradients: [0, 1],
    },
    {
      name: 'broadcast batch',
      operands: [uniform([1, 3, 5]), uniform([4, 5, 2])],
      compute: (a, b) => tf.matMul(a, b),
    },
  ],
  _FusedMatMul: (['linear', 'relu', 'relu6', 'elu', 'sigmoid'] as const).map((activation) => ({
    name: activation,
    operands: [uniform([3, 5]), uniform([5, 2]), uniform([2])],
    compute: (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) =>
      tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation }),
    gradients: [0, 1, 2],
  })),
  Einsum: [
    {
      name: 'matrix product',
      operands: [uniform([3, 5]), uniform([5, 2])],
      compute: (a, b) => tf.einsum('ij,jk->ik', a, b),
    },
    {
      name: 'batched, permuted',
      operands: [uniform([2, 3, 4]), uniform([2, 5, 4])],
      compute: (a, b) => tf.einsum('bij,bkj->kbi', a, b),
    },
    forward('sum', (x) => tf.einsum('ijk->j', x)),
  ],
  BroadcastTo: [
    one('leading axes', (x) => x.broadcastTo([4, 2, 3, 5])),
    one('inner axis', (x) => x.broadcastTo([2, 3, 5]), uniform([2, 1, 5])),
    {
      name: 'of an intermediate result, used at both sizes',
      operands: [uniform([1, 5]), uniform([3, 5])],
      compute: (a, b) => {
        const wide = a.exp().broadcastTo([3, 5]);
        return [wide.mul(b), wide.sum(0), wide, a.exp(), wide.concat(b, 0), wide.transpose()];
      },
      gradients: [0, 1],
    },
  ],
  Tile: [
    one('repeated', (x) => x.tile([2, 1, 3])),
    one('of length one', (x) => x.tile([1, 3, 1]), uniform([2, 1, 5])),
    forward('int32', (x) => x.tile([2]), integers([3], 0, 9)),
  ],
  Concat: [
    ...[0, 1, -1].map((axis) => ({
      name: `along ${axis}`,
      operands: [X, uniform([2, 3, 5], 0, 1, 5)],
      compute: (a: tf.Tensor, b: tf.Tensor) => tf.concat([a, b, a], axis),
      gradients: [0, 1],
    })),
    {
      name: 'of different lengths',
      operands: [uniform([2, 3]), uniform([2, 1])],
      compute: (a, b) => tf.concat([a, b, tf.zeros([2, 0])], 1),
    },
    {
      name: 'int32',
      operands: [integers([3], 0, 5), integers([2], 0, 5)],
      compute: (a, b) => tf.concat([a, b]),
    },
  ],
  Pack: [
    ...[0, 1, -1].map((axis) => ({
      name: `along ${axis}`,
      operands: [X, uniform([2, 3, 5], 0, 1, 5)],
      compute: (a: tf.Tensor, b: tf.Tensor) => tf.stack([a, b], axis),
      gradients: [0, 1],
    })),
  ],
  Unpack: [0, 1, -1].map((axis) => one(`along ${axis}`, (x) => tf.unstack(x, axis))),
  SplitV: [
    one('into equal parts', (x) => tf.split(x, 3, 1)),
    one('into given sizes', (x) => tf.split(x, [1, 4], -1)),
    one('with a remainder', (x) => tf.split(x, [1, -1, 2], 2)),
  ],
  Slice: [
    one('inside', (x) => x.slice([0, 1, 2], [2, 1, 2])),
    one('to the end', (x) => x.slice([1, 0, 1], [-1, -1, -1])),
    one('fewer axes', (x) => x.slice([1])),
    one('everything', (x) => x.slice([0, 0, 0], [2, 3, 5])),
    forward('int32', (x) => x.slice([1], [2]), integers([4], 0, 9)),
    {
      name: 'bool',
      operands: [X],
      compute: (x) => x.greater(0).slice([0, 1, 0], [1, 2, 5]),
    },
  ],
  StridedSlice: [
    forward('unit strides', (x) => x.stridedSlice([0, 1, 1], [2, 3, -1], [1, 1, 1])),
    forward('strides', (x) => x.stridedSlice([0, 0, 1], [2, 3, 5], [1, 2, 2])),
    forward('backwards', (x) => x.stridedSlice([1, 2, 4], [0, 0, 1], [-1, -1, -2])),
    forward('masks', (x) => x.stridedSlice([1, 1, 1], [2, 2, 3], [1, 1, 1], 1, 2)),
    forward('a shrunk axis', (x) => x.stridedSlice([1, 0, 1], [2, 3, 3], [1, 1, 1], 0, 0, 0, 0, 1)),
  ],
  PadV2: [
    one('zeros', (x) =>
      x.pad([
        [0, 0],
        [1, 2],
        [3, 0],
      ]),
    ),
    one('a value', (x) =>
      x.pad(
        [
          [1, 0],
          [0, 0],
          [0, 1],
        ],
        -2.5,
      ),
    ),
    forward('int32', (x) => x.pad([[1, 2]], 7), integers([3], 0, 9)),
  ],
  Reshape: [
    one('flattened', (x) => x.flatten()),
    one('with a free size', (x) => x.reshape([5, -1])),
    one('twice', (x) => x.reshape([6, 5]).reshape([10, 3])),
    one('to and fro', (x) => x.reshape([30]).reshape([2, 3, 5]).exp()),
    forward('bool', (x) => x.greater(0).reshape([5, 6])),
  ],
  ExpandDims: [0, 1, 2, -1].map((axis) => one(`at ${axis}`, (x) => x.expandDims(axis).mul(2))),
  Transpose: [
    ...[
      [2, 0, 1],
      [0, 2, 1],
      [2, 1, 0],
    ].map((perm) => one(`[${perm.join()}]`, (x) => x.transpose(perm))),
    one('without axes', (x) => x.transpose()),
    one('twice', (x) => x.transpose([2, 0, 1]).transpose([1, 0, 2])),
    one('to and fro', (x) => x.transpose([2, 0, 1]).transpose([1, 2, 0])),
    forward('bool', (x) => x.greater(0).transpose()),
    forward('int32', (x) => x.transpose(), integers([2, 3], 0, 9)),
  ],
  Reverse: [
    one('one axis', (x) => x.reverse(1)),
    one('two axes', (x) => x.reverse([0, -1])),
    one('all axes', (x) => x.reverse()),
  ],
  Identity: [one('a clone', (x) => x.clone())],
  Fill: [
    one('beside a value', (x) => [tf.fill([2, 3], 1.5).sum(), tf.fill([5], -2).mul(x)]),
    forward('int32', (x) => tf.fill([3], 4, 'int32').add(x), integers([3], 0, 9)),
    forward('zeros and ones', (x) => [
      tf.zeros([3, 5]).add(x),
      tf.ones([5]).mul(x),
      tf.zeros([2, 3, 5]),
      tf.ones([3, 5]).concat(tf.zeros([1, 5])),
      x.mul(0).add(tf.zerosLike(x)),
    ]),
  ],
  ZerosLike: [one('of a value', (x) => x.zerosLike().add(x.square()))],
  OnesLike: [one('of a value', (x) => x.onesLike().sub(x.square()))],
  Range: [
    forward('int32', () => tf.range(2, 11, 3, 'int32'), uniform([])),
    forward('float32', (x) => tf.range(1, 0, -0.25).mul(x), uniform([])),
  ],
  LinSpace: [forward('beside a value', (x) => tf.linspace(-1, 2, 7).mul(x), uniform([]))],
  OneHot: [
    forward('int32', (ids) => tf.oneHot(ids, 7), IDS),
    forward('float32', (ids) => tf.oneHot(ids, 7, 0.9, 0.1, 'float32'), IDS),
    forward('ids outside', (ids) => tf.oneHot(ids, 5, 1, 0, 'float32'), integers([9], -3, 8)),
  ],
  GatherV2: [
    {
      name: 'rows',
      operands: [uniform([7, 3]), IDS],
      compute: (x, ids) => tf.gather(x, ids),
      gradients: [0],
    },
    ...[1, -1].map((axis) => ({
      name: `along ${axis}`,
      operands: [X, integers([4], 0, 3)],
      compute: (x: tf.Tensor, ids: tf.Tensor) => tf.gather(x, ids, axis),
      gradients: [0],
    })),
    {
      name: 'batched',
      operands: [uniform([2, 7]), IDS],
      compute: (x, ids) => tf.gather(x, ids, 1, 1),
    },
    {
      name: 'batched rows',
      operands: [uniform([2, 7, 3]), IDS],
      compute: (x, ids) => tf.gather(x, ids, 1, 1),
    },
    {
      name: 'one row',
      operands: [uniform([7, 3]), integers([], 2, 3)],
      compute: (x, id) => tf.gather(x, id),
      gradients: [0],
    },
    {
      name: 'int32',
      operands: [integers([7], 0, 99), IDS],
      compute: (x, ids) => tf.gather(x, ids),
    },
  ],
  GatherNd: [
    {
      name: 'elements',
      operands: [X, integers([4, 3], 0, 2)],
      compute: (x, ids) => tf.gatherND(x, ids),
    },
    {
      name: 'rows',
      operands: [X, integers([4, 2, 2], 0, 2)],
      compute: (x, ids) => tf.gatherND(x, ids),
    },
  ],
  UnsortedSegmentSum: [
    {
      name: 'vectors',
      operands: [uniform([8, 3]), integers([8], 0, 5)],
      compute: (x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 5),
      gradients: [0],
    },
    {
      name: 'scalars',
      operands: [uniform([8]), integers([8], 0, 5)],
      compute: (x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 5),
    },
    {
      name: 'many segments',
      operands: [uniform([8, 3]), integers([8], 0, 5000)],
      compute: (x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 5000),
    },
    {
      name: 'int32',
      operands: [integers([8, 3], 0, 9), integers([8], 0, 5)],
      // The cpu backend makes floats of them.
      compute: (x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 5).toInt(),
    },
  ],
} satisfies Record<string, KernelCase[]>;
