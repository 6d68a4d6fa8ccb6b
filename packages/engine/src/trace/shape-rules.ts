import { elementCount } from '@ar-distill/program';
import { axesAttribute, flagAttribute, numberAttribute, numbersAttribute } from '../ir/attributes';
import { convolution, pooling } from '../ir/convolution';
import type { ResultType } from '../ir/graph-builder';
import {
  BINARY_KERNELS,
  COMPARISON_KERNELS,
  type KernelName,
  PREDICATE_KERNELS,
  REDUCTION_KERNELS,
  UNARY_KERNELS,
} from '../ir/kernels';
import { broadcastShapes, normalizeAxes } from '../ir/shapes';
import type { Attributes, Value, ValueDtype } from '../ir/types';

/** Shapes and types of a kernel's results from its operands. */
export type ShapeRule = (
  inputs: Readonly<Record<string, Value>>,
  attributes: Attributes,
) => readonly ResultType[];

/** Element-wise kernels: they broadcast, and commute with broadcasting. */
export const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...UNARY_KERNELS,
  ...PREDICATE_KERNELS,
  ...BINARY_KERNELS,
  ...COMPARISON_KERNELS,
  'AddN',
  'Cast',
  'Select',
]);

const elementwise =
  (dtype: (inputs: Readonly<Record<string, Value>>) => ValueDtype): ShapeRule =>
  (inputs) => {
    const shapes = Object.values(inputs).map(({ shape }) => shape);
    return [{ shape: shapes.reduce(broadcastShapes, []), dtype: dtype(inputs) }];
  };

const reduction =
  (dtype: (x: Value) => ValueDtype): ShapeRule =>
  (inputs, attributes) => {
    const x = operand(inputs, 'x');
    const axes = normalizeAxes(axesAttribute(attributes, 'axis'), x.shape.length);
    const keep = flagAttribute(attributes, 'keepDims');
    const shape = x.shape.flatMap((size, axis) =>
      axes.includes(axis) ? (keep ? [1] : []) : [size],
    );
    return [{ shape, dtype: dtype(x) }];
  };

const sameAs =
  (name: string): ShapeRule =>
  (inputs) => {
    const { shape, dtype } = operand(inputs, name);
    return [{ shape, dtype }];
  };

/** A shape that the attributes give. */
const given =
  (name: string): ShapeRule =>
  (_, attributes) => [{ shape: numbersAttribute(attributes, name), dtype: 'float32' }];

const pool: ShapeRule = (inputs, attributes) => {
  const { shape, dtype } = operand(inputs, 'x');
  const { batch, outputSize } = pooling(shape, attributes);
  return [{ shape: [batch, ...outputSize, shape[3]!], dtype }];
};

const argument: ShapeRule = (inputs, attributes) => {
  const { shape } = operand(inputs, 'x');
  const [axis] = normalizeAxes(axesAttribute(attributes, 'axis') ?? 0, shape.length);
  return [{ shape: shape.filter((_, i) => i !== axis), dtype: 'int32' }];
};

function table<K extends string>(names: readonly K[], rule: ShapeRule): Record<K, ShapeRule> {
  return Object.fromEntries(names.map((name) => [name, rule])) as Record<K, ShapeRule>;
}

/** One rule per kernel; a missing one does not type-check. */
export const SHAPE_RULES: { readonly [K in KernelName]: ShapeRule } = {
  ...table(UNARY_KERNELS, sameAs('x')),
  ...table(
    PREDICATE_KERNELS,
    elementwise(() => 'bool'),
  ),
  ...table(
    BINARY_KERNELS,
    elementwise((inputs) => Object.values(inputs)[0]!.dtype),
  ),
  ...table(
    COMPARISON_KERNELS,
    elementwise(() => 'bool'),
  ),
  FloorDiv: elementwise(() => 'int32'),
  ...table(
    REDUCTION_KERNELS,
    reduction(({ dtype }) => dtype),
  ),
  Mean: reduction(() => 'float32'),
  AddN: elementwise((inputs) => Object.values(inputs)[0]!.dtype),
  ArgMax: argument,
  ArgMin: argument,
  AvgPool: pool,
  BatchMatMul: (inputs, attributes) => {
    const a = operand(inputs, 'a');
    const b = operand(inputs, 'b');
    const [rows, inner] = lastTwo(a.shape, flagAttribute(attributes, 'transposeA'));
    const [innerB, columns] = lastTwo(b.shape, flagAttribute(attributes, 'transposeB'));
    if (inner !== innerB) {
      throw new RangeError(
        `Matrices of shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}] cannot be multiplied.`,
      );
    }
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ shape: [...batch, rows, columns], dtype: 'float32' }];
  },
  BroadcastTo: (inputs, attributes) => [
    { shape: numbersAttribute(attributes, 'shape'), dtype: operand(inputs, 'x').dtype },
  ],
  Cast: (inputs, attributes) => [
    { shape: operand(inputs, 'x').shape, dtype: attributes['dtype'] as ValueDtype },
  ],
  Concat: (inputs, attributes) => {
    const values = Object.values(inputs);
    const { shape, dtype } = values[0]!;
    const [axis] = normalizeAxes(numberAttribute(attributes, 'axis'), shape.length);
    const total = values.reduce((sum, value) => sum + value.shape[axis!]!, 0);
    return [{ shape: shape.map((size, i) => (i === axis ? total : size)), dtype }];
  },
  Conv2D: (inputs, attributes) => {
    const { batch, outputSize, outputChannels } = convolution(
      operand(inputs, 'x').shape,
      operand(inputs, 'filter').shape,
      attributes,
    );
    return [{ shape: [batch, ...outputSize, outputChannels], dtype: 'float32' }];
  },
  Conv2DBackpropFilter: given('filterShape'),
  Conv2DBackpropInput: given('inputShape'),
  Cumsum: sameAs('x'),
  DepthwiseConv2dNative: (inputs, attributes) => {
    const { batch, outputSize, inputChannels, outputChannels } = convolution(
      operand(inputs, 'x').shape,
      operand(inputs, 'filter').shape,
      attributes,
    );
    const channels = inputChannels * outputChannels;
    return [{ shape: [batch, ...outputSize, channels], dtype: 'float32' }];
  },
  DepthwiseConv2dNativeBackpropFilter: given('filterShape'),
  DepthwiseConv2dNativeBackpropInput: given('inputShape'),
  Einsum: (inputs, attributes) => {
    const [terms, result] = String(attributes['equation']).replaceAll(' ', '').split('->');
    const sizes = new Map<string, number>();
    const values = Object.values(inputs);
    terms!.split(',').forEach((term, i) => {
      [...term].forEach((axis, j) => sizes.set(axis, values[i]!.shape[j]!));
    });
    return [{ shape: [...result!].map((axis) => sizes.get(axis)!), dtype: values[0]!.dtype }];
  },
  GatherNd: (inputs) => {
    const [params, indices] = [operand(inputs, 'params'), operand(inputs, 'indices')];
    const rest = params.shape.slice(indices.shape.at(-1)!);
    return [{ shape: [...indices.shape.slice(0, -1), ...rest], dtype: params.dtype }];
  },
  GatherV2: (inputs, attributes) => {
    const x = operand(inputs, 'x');
    const indices = operand(inputs, 'indices');
    const batchDims = numberAttribute(attributes, 'batchDims', 0);
    const [axis] = normalizeAxes(numberAttribute(attributes, 'axis', 0), x.shape.length);
    return [
      {
        shape: [
          ...x.shape.slice(0, axis),
          ...indices.shape.slice(batchDims),
          ...x.shape.slice(axis! + 1),
        ],
        dtype: x.dtype,
      },
    ];
  },
  MaxPool: pool,
  MaxPoolGrad: sameAs('input'),
  OneHot: (inputs, attributes) => [
    {
      shape: [...operand(inputs, 'indices').shape, numberAttribute(attributes, 'depth')],
      dtype: (attributes['dtype'] ?? 'int32') as ValueDtype,
    },
  ],
  PadV2: (inputs, attributes) => {
    const { shape, dtype } = operand(inputs, 'x');
    const paddings = attributes['paddings'] as readonly (readonly [number, number])[];
    return [{ shape: shape.map((size, i) => size + paddings[i]![0] + paddings[i]![1]), dtype }];
  },
  Reshape: (inputs, attributes) => {
    const { shape, dtype } = operand(inputs, 'x');
    const asked = numbersAttribute(attributes, 'shape');
    const known = asked.reduce((product, size) => (size < 0 ? product : product * size), 1);
    const filled = asked.map((size) => (size < 0 ? elementCount(shape) / known : size));
    if (elementCount(filled) !== elementCount(shape)) {
      throw new RangeError(`[${shape.join(', ')}] cannot be reshaped to [${asked.join(', ')}].`);
    }
    return [{ shape: filled, dtype }];
  },
  Reverse: sameAs('x'),
  Select: elementwise((inputs) => operand(inputs, 't').dtype),
  Slice: (inputs, attributes) => [
    { shape: numbersAttribute(attributes, 'size'), dtype: operand(inputs, 'x').dtype },
  ],
  Softmax: sameAs('logits'),
  Tile: (inputs, attributes) => {
    const { shape, dtype } = operand(inputs, 'x');
    const reps = numbersAttribute(attributes, 'reps');
    return [{ shape: shape.map((size, i) => size * reps[i]!), dtype }];
  },
  TopK: (inputs, attributes) => {
    const { shape, dtype } = operand(inputs, 'x');
    const kept = [...shape.slice(0, -1), numberAttribute(attributes, 'k')];
    return [
      { shape: kept, dtype },
      { shape: kept, dtype: 'int32' },
    ];
  },
  Transpose: (inputs, attributes) => {
    const { shape, dtype } = operand(inputs, 'x');
    return [{ shape: numbersAttribute(attributes, 'perm').map((axis) => shape[axis]!), dtype }];
  },
  UnsortedSegmentSum: (inputs, attributes) => {
    const { shape, dtype } = operand(inputs, 'x');
    const ids = operand(inputs, 'segmentIds').shape.length;
    return [{ shape: [numberAttribute(attributes, 'numSegments'), ...shape.slice(ids)], dtype }];
  },
};

/** The operand of that name; throws naming it when the kernel call lacks it. */
export function operand(inputs: Readonly<Record<string, Value>>, name: string): Value {
  const value = inputs[name];
  if (!value) throw new Error(`The operand "${name}" is missing.`);
  return value;
}

function lastTwo(shape: readonly number[], swapped: boolean): [number, number] {
  const [x, y] = shape.slice(-2) as [number, number];
  return swapped ? [y, x] : [x, y];
}
