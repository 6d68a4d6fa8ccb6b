import * as tf from '@tensorflow/tfjs';
import { elementCount } from '@ar-distill/program';
import { numberAttribute, numbersAttribute } from '../ir/attributes';
import { pooling } from '../ir/convolution';
import type { GraphBuilder } from '../ir/graph-builder';
import type { KernelName } from '../ir/kernels';
import { broadcastShapes, normalizeAxes, sameShape } from '../ir/shapes';
import type { Attributes, Value, ValueDtype } from '../ir/types';
import { FUSED_REWRITES, prelu } from './fused-kernels';
import { broadcastTo, record } from './record';
import { RESIZE_REWRITES } from './resizing';
import type { Rewrite } from './rewrite';
import { operand } from './shape-rules';

/**
 * tfjs kernels that are expressed through others, and calls that need no node at all. What applies is
 * decided from shapes and constants only, never from values that are computed.
 */
export const REWRITES: Readonly<Record<string, Rewrite>> = {
  ...FUSED_REWRITES,
  ...RESIZE_REWRITES,
  Identity: (_, { inputs }) => [operand(inputs, 'x')],
  Fill: (builder, { attributes }) => [
    builder.splat(numberAttribute(attributes, 'value'), {
      shape: numbersAttribute(attributes, 'shape'),
      dtype: (attributes['dtype'] ?? 'float32') as ValueDtype,
    }),
  ],
  ZerosLike: (builder, { inputs }) => [builder.splat(0, operand(inputs, 'x'))],
  OnesLike: (builder, { inputs }) => [builder.splat(1, operand(inputs, 'x'))],
  Range: (builder, { attributes }) => {
    const start = numberAttribute(attributes, 'start');
    const step = numberAttribute(attributes, 'step');
    const length = Math.max(0, Math.ceil((numberAttribute(attributes, 'stop') - start) / step));
    const values = Array.from({ length }, (_, i) => start + i * step);
    const dtype = attributes['dtype'] === 'int32' ? 'int32' : 'float32';
    const data = dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
    return [builder.constant(data, { shape: [length], dtype })];
  },
  LinSpace: (builder, { attributes }) => {
    const [start, stop, num] = ['start', 'stop', 'num'].map((name) =>
      numberAttribute(attributes, name),
    ) as [number, number, number];
    const step = num === 1 ? 0 : (stop - start) / (num - 1);
    const data = Float32Array.from({ length: num }, (_, i) => start + i * step);
    return [builder.constant(data, { shape: [num], dtype: 'float32' })];
  },
  // Every output shares its gradient out among the pixels that it averaged.
  AvgPoolGrad: (builder, { inputs, attributes }) => {
    const { shape } = operand(inputs, 'input');
    const sizes = pooling(shape, attributes);
    const counted = (axis: 0 | 1): number[] =>
      Array.from({ length: sizes.outputSize[axis] }, (_, i) => {
        const start = i * sizes.strides[axis] - sizes.padBefore[axis];
        return Math.min(start + sizes.kernel[axis], sizes.inputSize[axis]) - Math.max(start, 0);
      });
    const shares = counted(0).flatMap((rows) => counted(1).map((columns) => 1 / (rows * columns)));
    const b = builder.constant(Float32Array.from(shares), {
      shape: [1, ...sizes.outputSize, 1],
      dtype: 'float32',
    });
    const [dy] = record(builder, 'Multiply', { a: operand(inputs, 'dy'), b });
    const filter = builder.splat(1, {
      shape: [...sizes.kernel, sizes.inputChannels, 1],
      dtype: 'float32',
    });
    return record(
      builder,
      'DepthwiseConv2dNativeBackpropInput',
      { dy: dy!, filter },
      { strides: attributes['strides'], pad: attributes['pad'], inputShape: shape },
    );
  },
  ExpandDims: (builder, { inputs, attributes }) => {
    const x = operand(inputs, 'input');
    const dim = numberAttribute(attributes, 'dim');
    const shape = [...x.shape];
    shape.splice(dim < 0 ? dim + x.shape.length + 1 : dim, 0, 1);
    return [reshape(builder, x, shape)];
  },
  Reshape: (builder, { inputs, attributes }) => [
    reshape(builder, operand(inputs, 'x'), numbersAttribute(attributes, 'shape')),
  ],
  Transpose: (builder, { inputs, attributes }) => [
    transpose(builder, operand(inputs, 'x'), numbersAttribute(attributes, 'perm')),
  ],
  Cast: (builder, { inputs, attributes }) => {
    const x = operand(inputs, 'x');
    const dtype = attributes['dtype'] as ValueDtype;
    if (dtype === x.dtype) return [x];
    if (x.origin.kind === 'splat') {
      const { value } = x.origin;
      // Everything but 0 is true: fractions and NaN as well.
      const cast = { float32: value, int32: Math.trunc(value), bool: Number(value !== 0) }[dtype];
      return [builder.splat(cast, { shape: x.shape, dtype })];
    }
    return record(builder, 'Cast', { x }, { dtype });
  },
  Tile: (builder, { inputs, attributes }) => {
    const x = operand(inputs, 'x');
    const reps = numbersAttribute(attributes, 'reps');
    const shape = x.shape.map((size, i) => size * reps[i]!);
    return x.shape.every((size, i) => size === 1 || reps[i] === 1)
      ? [broadcastTo(builder, x, shape)]
      : record(builder, 'Tile', { x }, { reps });
  },
  BroadcastTo: (builder, { inputs, attributes }) => [
    broadcastTo(builder, operand(inputs, 'x'), numbersAttribute(attributes, 'shape')),
  ],
  Pack: (builder, { inputs, attributes }) => {
    const values = Object.values(inputs);
    const axis = nonNegative(numberAttribute(attributes, 'axis'), values[0]!.shape.length + 1);
    const expanded = values.map((value) => {
      const shape = [...value.shape];
      shape.splice(axis, 0, 1);
      return reshape(builder, value, shape);
    });
    return [concat(builder, expanded, axis)];
  },
  Concat: (builder, { inputs, attributes }) => {
    const values = Object.values(inputs).filter(({ shape }) => elementCount(shape) > 0);
    const axis = nonNegative(numberAttribute(attributes, 'axis'), values[0]!.shape.length);
    return [concat(builder, values, axis)];
  },
  Unpack: (builder, { inputs, attributes }) => {
    const x = operand(inputs, 'value');
    const axis = nonNegative(numberAttribute(attributes, 'axis'), x.shape.length);
    const shape = x.shape.filter((_, i) => i !== axis);
    return Array.from({ length: x.shape[axis]! }, (_, i) =>
      reshape(builder, sliceAxis(builder, x, axis, i, 1), shape),
    );
  },
  SplitV: (builder, { inputs, attributes }) => {
    const x = operand(inputs, 'x');
    const axis = nonNegative(numberAttribute(attributes, 'axis', 0), x.shape.length);
    const asked = attributes['numOrSizeSplits'];
    const length = x.shape[axis]!;
    const sizes =
      typeof asked === 'number'
        ? new Array<number>(asked).fill(length / asked)
        : withRemainder(numbersAttribute(attributes, 'numOrSizeSplits'), length);
    let begin = 0;
    return sizes.map((size) => {
      const part = sliceAxis(builder, x, axis, begin, size);
      begin += size;
      return part;
    });
  },
  StridedSlice: (builder, { inputs, attributes }) => stridedSlice(builder, inputs, attributes),
  Slice: (builder, { inputs, attributes }) => {
    const x = operand(inputs, 'x');
    const asked = numbersAttribute(attributes, 'begin');
    const sizes = attributes['size'] === undefined ? [] : numbersAttribute(attributes, 'size');
    const begin = x.shape.map((_, i) => asked[i] ?? 0);
    const size = x.shape.map((length, i) =>
      (sizes[i] ?? -1) === -1 ? length - begin[i]! : sizes[i]!,
    );
    if (x.origin.kind === 'splat') return [builder.splat(x.origin.value, { ...x, shape: size })];
    return sameShape(size, x.shape) ? [x] : record(builder, 'Slice', { x }, { begin, size });
  },
  // The one reduction whose axes have another name in tfjs.
  Max: (builder, { inputs, attributes }) =>
    record(builder, 'Max', inputs, {
      axis: attributes['reductionIndices'],
      keepDims: attributes['keepDims'],
    }),
  Prelu: (builder, { inputs }) => prelu(builder, operand(inputs, 'x'), operand(inputs, 'alpha')),
  Add: neutral('Add', 0, true),
  Sub: neutral('Sub', 0, false),
  Multiply: neutral('Multiply', 1, true),
  RealDiv: neutral('RealDiv', 1, false),
  // One operand is cheaper than a general power.
  Pow: (builder, { inputs }) => {
    const { a, b } = { a: operand(inputs, 'a'), b: operand(inputs, 'b') };
    const shape = broadcastShapes(a.shape, b.shape);
    if (b.origin.kind === 'splat' && b.origin.value === 2) {
      return [broadcastTo(builder, record(builder, 'Square', { x: a })[0]!, shape)];
    }
    return record(builder, 'Pow', { a, b });
  },
};

/** Drops additions of 0 and multiplications by 1. */
function neutral(kernel: KernelName, element: number, commutes: boolean): Rewrite {
  return (builder, { inputs, attributes }) => {
    const a = operand(inputs, 'a');
    const b = operand(inputs, 'b');
    const isNeutral = ({ origin }: Value): boolean =>
      origin.kind === 'splat' && origin.value === element;
    const shape = broadcastShapes(a.shape, b.shape);
    if (isNeutral(b)) return [broadcastTo(builder, a, shape)];
    if (commutes && isNeutral(a)) return [broadcastTo(builder, b, shape)];
    return record(builder, kernel, { a, b }, attributes);
  };
}

function reshape(builder: GraphBuilder, x: Value, asked: readonly number[]): Value {
  const known = asked.reduce((product, size) => (size < 0 ? product : product * size), 1);
  const shape = asked.map((size) => (size < 0 ? elementCount(x.shape) / known : size));
  const { origin } = x;
  if (sameShape(shape, x.shape)) return x;
  if (origin.kind === 'splat') return builder.splat(origin.value, { shape, dtype: x.dtype });
  const source = origin.kind === 'node' && origin.node.kernel === 'Reshape';
  return source
    ? reshape(builder, origin.node.inputs['x']!, shape)
    : record(builder, 'Reshape', { x }, { shape })[0]!;
}

function transpose(builder: GraphBuilder, x: Value, perm: readonly number[]): Value {
  const { origin } = x;
  if (origin.kind === 'splat') {
    return builder.splat(origin.value, {
      shape: perm.map((axis) => x.shape[axis]!),
      dtype: x.dtype,
    });
  }
  if (perm.every((axis, i) => axis === i)) return x;
  if (origin.kind === 'node' && origin.node.kernel === 'Transpose') {
    const inner = numbersAttribute(origin.node.attributes, 'perm');
    return transpose(
      builder,
      origin.node.inputs['x']!,
      perm.map((axis) => inner[axis]!),
    );
  }
  return record(builder, 'Transpose', { x }, { perm: [...perm] })[0]!;
}

function concat(builder: GraphBuilder, values: readonly Value[], axis: number): Value {
  if (values.length === 1) return values[0]!;
  const inputs = Object.fromEntries(values.map((value, i) => [String(i), value]));
  return record(builder, 'Concat', inputs, { axis })[0]!;
}

function sliceAxis(
  builder: GraphBuilder,
  x: Value,
  axis: number,
  begin: number,
  size: number,
): Value {
  return REWRITES['Slice']!(builder, {
    inputs: { x },
    attributes: {
      begin: x.shape.map((_, i) => (i === axis ? begin : 0)),
      size: x.shape.map((length, i) => (i === axis ? size : length)),
    },
  })[0]!;
}

/** Axes that the masks add or remove are a reshape of the slice. */
function stridedSlice(
  builder: GraphBuilder,
  inputs: Readonly<Record<string, Value>>,
  attributes: Attributes,
): readonly Value[] {
  const x = operand(inputs, 'x');
  const [begin, end, strides] = ['begin', 'end', 'strides'].map((name) =>
    numbersAttribute(attributes, name),
  ) as [number[], number[], number[]];
  const [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] = [
    'beginMask',
    'endMask',
    'ellipsisMask',
    'newAxisMask',
    'shrinkAxisMask',
  ].map((name) => numberAttribute(attributes, name, 0)) as [number, number, number, number, number];
  const info = tf.slice_util.sliceInfo(
    [...x.shape],
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  const size = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
  const sliced = record(
    builder,
    'Slice',
    { x },
    { begin: info.begin, size, strides: info.strides },
  )[0]!;
  return [reshape(builder, sliced, info.finalShape)];
}

function withRemainder(sizes: readonly number[], length: number): number[] {
  const known = sizes.reduce((sum, size) => (size < 0 ? sum : sum + size), 0);
  return sizes.map((size) => (size < 0 ? length - known : size));
}

function nonNegative(axis: number, rank: number): number {
  return normalizeAxes(axis, rank)[0]!;
}
