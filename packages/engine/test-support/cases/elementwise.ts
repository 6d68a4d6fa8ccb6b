import * as tf from '@tensorflow/tfjs';
import type { HostTensor } from '@ar-distill/program';
import { floats, integers, uniform } from '../arrays';
import type { KernelCase } from '../compare-with-cpu';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const SIGNED = uniform([3, 5], -2, 2);
const POSITIVE = uniform([3, 5], 0.1, 3);
const WHOLE = integers([3, 5], -4, 5);
const SPECIAL = floats([7], 0, -0, 1, -1, Infinity, -Infinity, NaN);
const HALVES = floats([8], -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, -0.51);

function unary(compute: Unary, x: HostTensor = SIGNED, ...others: readonly HostTensor[]) {
  return [
    { name: 'float32', operands: [x], compute, gradients: [0] },
    { name: 'a scalar', operands: [floats([], x.data[0]!)], compute, gradients: [0] },
    ...others.map((operand, i): KernelCase => ({
      name: `variant ${i + 1}`,
      operands: [operand],
      compute,
    })),
  ];
}

/** Pairs of shapes: equal, broadcast on either side and on both, with scalars. */
const PAIRS = [
  [
    [3, 5],
    [3, 5],
  ],
  [[3, 5], [5]],
  [
    [1, 5],
    [3, 1],
  ],
  [[], [2, 3]],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [
    [2, 3, 4],
    [1, 1, 1],
  ],
] as const;

/** `sameShape`: tfjs has no gradient for broadcast operands. */
function binary(
  compute: Binary,
  { low = -2, high = 2, differentiable = true, divisor = false, sameShape = false } = {},
): KernelCase[] {
  return PAIRS.map(([a, b]) => ({
    name: `[${a.join()}] with [${b.join()}]`,
    operands: [uniform(a, low, high, 3), uniform(b, divisor ? 0.5 : low, high, 4)],
    compute,
    ...(differentiable && (!sameShape || a.join() === b.join()) ? { gradients: [0, 1] } : {}),
  }));
}

function integerPair(compute: Binary, low = -9, high = 10, divisor = false): KernelCase {
  return {
    name: 'int32',
    operands: [integers([4, 5], low, high, 5), integers([5], divisor ? 1 : low, high, 6)],
    compute,
  };
}

const comparison = (compute: Binary): KernelCase[] => [
  ...binary(compute, { differentiable: false }),
  integerPair(compute, -2, 2),
  {
    name: 'special values',
    operands: [SPECIAL, floats([7], 0, 0, 1, 1, Infinity, Infinity, NaN)],
    compute,
  },
];

const logical = (compute: Binary): KernelCase[] => [
  {
    name: 'with broadcasting',
    operands: [SIGNED, uniform([5], -1, 1, 8)],
    compute: (a, b) => compute(a.greater(0), b.greater(0)),
  },
];

export const UNARY_CASES = {
  Abs: unary(tf.abs, SIGNED, WHOLE, SPECIAL),
  Ceil: unary(tf.ceil, SIGNED, SPECIAL),
  ClipByValue: [
    ...unary((x) => x.clipByValue(-0.5, 0.7), SIGNED, SPECIAL),
    { name: 'int32', operands: [WHOLE], compute: (x: tf.Tensor) => x.clipByValue(-2, 3) },
  ],
  Cos: unary(tf.cos),
  Elu: unary(tf.elu, SIGNED, floats([3], 0, -0, -30)),
  Erf: unary(tf.erf),
  Exp: unary(tf.exp, SIGNED, SPECIAL),
  Expm1: unary(tf.expm1, SIGNED, floats([3], 1e-6, -1e-6, 0)),
  Floor: unary(tf.floor, SIGNED, SPECIAL),
  LeakyRelu: [...unary((x) => tf.leakyRelu(x, 0.1)), ...unary((x) => tf.leakyRelu(x))],
  Log: unary(tf.log, POSITIVE, SPECIAL),
  Log1p: unary(tf.log1p, POSITIVE, floats([3], 1e-6, -1e-6, 0)),
  Neg: unary(tf.neg, SIGNED, WHOLE),
  Reciprocal: unary(tf.reciprocal, POSITIVE),
  Relu: unary(tf.relu, SIGNED, WHOLE, SPECIAL),
  Relu6: unary(tf.relu6, uniform([3, 5], -8, 8)),
  Round: unary(tf.round, SIGNED, HALVES),
  Rsqrt: unary(tf.rsqrt, POSITIVE),
  Selu: unary(tf.selu),
  Sigmoid: unary(tf.sigmoid, uniform([3, 5], -8, 8), floats([2], 100, -100)),
  Sign: unary(tf.sign, SIGNED, WHOLE),
  Sin: unary(tf.sin),
  Softplus: unary(tf.softplus, SIGNED, floats([4], 80, -80, 20, -20)),
  Sqrt: unary(tf.sqrt, POSITIVE),
  Square: unary(tf.square, SIGNED, WHOLE),
  Step: unary((x) => tf.step(x, 0.25)),
  Tanh: unary(tf.tanh, SIGNED, SPECIAL),
} satisfies Record<string, KernelCase[]>;

export const PREDICATE_CASES = {
  IsFinite: [{ name: 'special values', operands: [SPECIAL], compute: tf.isFinite }],
  IsInf: [{ name: 'special values', operands: [SPECIAL], compute: tf.isInf }],
  IsNan: [{ name: 'special values', operands: [SPECIAL], compute: tf.isNaN }],
  LogicalNot: [
    { name: 'bool', operands: [SIGNED], compute: (x: tf.Tensor) => x.greater(0).logicalNot() },
  ],
} satisfies Record<string, KernelCase[]>;

export const BINARY_CASES = {
  Add: [...binary(tf.add), integerPair(tf.add)],
  AddN: [
    {
      name: 'three terms',
      operands: [SIGNED, POSITIVE, uniform([3, 5], 0, 1, 9)],
      compute: (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => tf.addN([a, b, c]),
      gradients: [0, 1, 2],
    },
    {
      name: 'int32',
      operands: [WHOLE, integers([3, 5], 0, 9)],
      compute: (a: tf.Tensor, b: tf.Tensor) => tf.addN([a, b]),
    },
  ],
  EluGrad: [
    {
      name: 'second use',
      operands: [SIGNED, POSITIVE],
      compute: (x: tf.Tensor, dy: tf.Tensor) => tf.grad((value) => value.elu())(x, dy),
    },
  ],
  FloorDiv: [
    ...binary(tf.floorDiv, { divisor: true, differentiable: false }),
    integerPair(tf.floorDiv, -9, 10, true),
    {
      name: 'large int32',
      operands: [
        { shape: [3], dtype: 'int32' as const, data: Int32Array.of(100000001, -100000001, 7) },
        { shape: [], dtype: 'int32' as const, data: Int32Array.of(10) },
      ],
      compute: tf.floorDiv,
    },
  ],
  Maximum: [
    ...binary(tf.maximum, { sameShape: true }),
    integerPair(tf.maximum),
    { name: 'special values', operands: [SPECIAL], compute: (x: tf.Tensor) => x.maximum(0.5) },
  ],
  Minimum: [
    ...binary(tf.minimum, { sameShape: true }),
    integerPair(tf.minimum),
    { name: 'special values', operands: [SPECIAL], compute: (x: tf.Tensor) => x.minimum(0.5) },
  ],
  Mod: [
    ...binary(tf.mod, { divisor: true, differentiable: false }),
    integerPair(tf.mod, -9, 10, true),
  ],
  Multiply: [...binary(tf.mul), integerPair(tf.mul)],
  Pow: [
    ...binary(tf.pow, { low: 0.2, high: 3 }),
    integerPair(tf.pow, 0, 4),
    ...[2, 3, 0.5, 1, 0, -1].map((exponent) => ({
      name: `to the power of ${exponent}`,
      operands: [POSITIVE],
      compute: (x: tf.Tensor) => x.pow(exponent),
      gradients: [0],
    })),
    { name: 'of negative numbers', operands: [SIGNED], compute: (x: tf.Tensor) => x.pow(3) },
  ],
  Prelu: [
    {
      name: 'per channel',
      operands: [SIGNED, uniform([5], 0, 1)],
      compute: (x: tf.Tensor, alpha: tf.Tensor) => tf.prelu(x, alpha),
    },
  ],
  RealDiv: binary(tf.div, { divisor: true }),
  SquaredDifference: [
    ...binary(tf.squaredDifference, { sameShape: true }),
    integerPair(tf.squaredDifference),
  ],
  Sub: [...binary(tf.sub), integerPair(tf.sub)],
} satisfies Record<string, KernelCase[]>;

export const COMPARISON_CASES = {
  Equal: [
    ...comparison(tf.equal),
    ...logical(tf.equal).map((entry) => ({ ...entry, name: 'bool' })),
  ],
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  LogicalAnd: logical(tf.logicalAnd),
  LogicalOr: logical(tf.logicalOr),
  NotEqual: comparison(tf.notEqual),
} satisfies Record<string, KernelCase[]>;

export const SELECTION_CASES = {
  Cast: [
    { name: 'to int32', operands: [SIGNED], compute: (x: tf.Tensor) => x.toInt() },
    { name: 'to float32', operands: [WHOLE], compute: (x: tf.Tensor) => x.toFloat().mul(0.5) },
    {
      name: 'of bool',
      operands: [SIGNED],
      compute: (x: tf.Tensor) => [x.greater(0).toFloat(), x.greater(0).toInt()],
    },
    { name: 'to bool', operands: [WHOLE], compute: (x: tf.Tensor) => x.cast('bool') },
    {
      name: 'of a broadcast value',
      operands: [uniform([5], -9, 9)],
      compute: (x: tf.Tensor) => x.broadcastTo([3, 5]).toInt(),
    },
    { name: 'mixed types', operands: [WHOLE, SIGNED], compute: tf.add, gradients: [1] },
  ],
  Select: [
    {
      name: 'float32',
      operands: [SIGNED, POSITIVE, uniform([3, 5], 5, 6)],
      compute: (c: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.where(c.greater(0), a, b),
      gradients: [1, 2],
    },
    {
      name: 'int32 with broadcasting',
      operands: [uniform([4, 1]), integers([3], 0, 9), integers([4, 3], 10, 19)],
      compute: (c: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.where(c.greater(0), a, b),
    },
    {
      name: 'bool',
      operands: [SIGNED, uniform([3, 5], -1, 1, 7)],
      compute: (c: tf.Tensor, a: tf.Tensor) => tf.where(c.greater(0), a.greater(0), a.less(0.5)),
    },
  ],
} satisfies Record<string, KernelCase[]>;
