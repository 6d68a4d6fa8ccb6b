import { elementCount } from '@ar-distill/program';
import { axesAttribute, flagAttribute, numberAttribute, numbersAttribute } from '../ir/attributes';
import { normalizeAxes } from '../ir/shapes';
import type { Node } from '../ir/types';
import { ELEMENT_TYPE } from '../onnx/model';
import type { Lowering, LoweringContext } from './lowering';
import { matrixProduct } from './matrix-product';

/** Tables up to this many rows get their gradient by a matrix product, larger ones by scattering. */
const MATMUL_SEGMENTS = 4096;

const extremum =
  (op: string): Lowering =>
  ({ inputs, attributes }, context) => {
    const { emit } = context;
    const x = inputs['x']!;
    const [axis] = normalizeAxes(axesAttribute(attributes, 'axis') ?? 0, x.shape.length);
    return [toInt32(context, emit.node(op, [context.tensor(x)], { axis: axis!, keepdims: 0 }))];
  };

/** Rules of the kernels that have a shape rule of their own, convolutions apart. */
export const STRUCTURAL_LOWERINGS = {
  ArgMax: extremum('ArgMax'),
  ArgMin: extremum('ArgMin'),
  BatchMatMul: (({ inputs, attributes }, context) => {
    const [a, b] = [inputs['a']!, inputs['b']!];
    const operands = [context.tensor(a), context.tensor(b)] as const;
    const transA = flagAttribute(attributes, 'transposeA') ? 1 : 0;
    const transB = flagAttribute(attributes, 'transposeB') ? 1 : 0;
    const ranks = [a.shape.length, b.shape.length] as const;
    return [matrixProduct(context, operands, ranks, { transA, transB })];
  }) satisfies Lowering,
  BroadcastTo: (({ inputs, outputs }, context) => [
    context.emit.node('Expand', [
      context.tensor(inputs['x']!),
      context.emit.int64(outputs[0]!.shape),
    ]),
  ]) satisfies Lowering,
  Concat: (({ inputs, attributes }, context) => {
    const names = Object.values(inputs).map((value) => context.tensor(value));
    return [context.emit.node('Concat', names, { axis: numberAttribute(attributes, 'axis') })];
  }) satisfies Lowering,
  Cumsum: (({ inputs, attributes }, context) => {
    const { emit } = context;
    return [
      emit.node(
        'CumSum',
        [context.tensor(inputs['x']!), emit.scalar(numberAttribute(attributes, 'axis'), 'int64')],
        {
          exclusive: flagAttribute(attributes, 'exclusive') ? 1 : 0,
          reverse: flagAttribute(attributes, 'reverse') ? 1 : 0,
        },
      ),
    ];
  }) satisfies Lowering,
  Einsum: (({ inputs, attributes }, context) => {
    const names = Object.values(inputs).map((value) => context.tensor(value));
    return [context.emit.node('Einsum', names, { equation: String(attributes['equation']) })];
  }) satisfies Lowering,
  GatherNd: (({ inputs }, context) => {
    const { emit } = context;
    const positions = emit.node('Cast', [context.tensor(inputs['indices']!)], {
      to: ELEMENT_TYPE.int64,
    });
    return [emit.node('GatherND', [context.tensor(inputs['params']!), positions])];
  }) satisfies Lowering,
  GatherV2: lowerGather,
  OneHot: (({ inputs, attributes, outputs }, context) => {
    const { dtype } = outputs[0]!;
    const encoded = oneHot(
      context,
      context.tensor(inputs['indices']!),
      inputs['indices']!.shape,
      numberAttribute(attributes, 'depth'),
      [numberAttribute(attributes, 'offValue', 0), numberAttribute(attributes, 'onValue', 1)],
    );
    return [
      dtype === 'float32'
        ? encoded
        : context.emit.node('Cast', [encoded], { to: ELEMENT_TYPE[dtype] }),
    ];
  }) satisfies Lowering,
  PadV2: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const x = inputs['x']!;
    const paddings = attributes['paddings'] as readonly (readonly [number, number])[];
    const pads = [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
    const filler = emit.scalar(numberAttribute(attributes, 'constantValue', 0), x.dtype);
    return [emit.node('Pad', [context.tensor(x), emit.int64(pads), filler])];
  }) satisfies Lowering,
  Reshape: (({ inputs, outputs }, context) => [
    context.emit.node('Reshape', [
      context.tensor(inputs['x']!),
      context.emit.int64(outputs[0]!.shape),
    ]),
  ]) satisfies Lowering,
  Reverse: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const x = inputs['x']!;
    const axes = normalizeAxes(axesAttribute(attributes, 'dims'), x.shape.length);
    const filled = (value: number): string => emit.int64(axes.map(() => value));
    const ends = emit.int64(axes.map((axis) => -x.shape[axis]! - 1));
    return [
      emit.node('Slice', [context.tensor(x), filled(-1), ends, emit.int64(axes), filled(-1)]),
    ];
  }) satisfies Lowering,
  Slice: (({ inputs, attributes, outputs }, context) => {
    const { emit } = context;
    const x = inputs['x']!;
    const begin = numbersAttribute(attributes, 'begin');
    const { shape } = outputs[0]!;
    const strides = attributes['strides']
      ? numbersAttribute(attributes, 'strides')
      : begin.map(() => 1);
    const ends = shape.map((size, i) => {
      const last = begin[i]! + (size - 1) * strides[i]!;
      // Before the first element is -1, which would mean the last one.
      return strides[i]! > 0 ? last + 1 : last > 0 ? last - 1 : -x.shape[i]! - 1;
    });
    // Only the axes that are cut.
    const axes = shape.flatMap((size, i) => (size === x.shape[i]! && strides[i]! > 0 ? [] : [i]));
    const along = (values: readonly number[]): string =>
      emit.int64(axes.map((axis) => values[axis]!));
    return [
      emit.node('Slice', [
        context.tensor(x),
        along(begin),
        along(ends),
        emit.int64(axes),
        along(strides),
      ]),
    ];
  }) satisfies Lowering,
  Softmax: (({ inputs, attributes }, context) => [
    context.emit.node('Softmax', [context.tensor(inputs['logits']!)], {
      axis: numberAttribute(attributes, 'dim', -1),
    }),
  ]) satisfies Lowering,
  Tile: (({ inputs, attributes }, context) => [
    context.emit.node('Tile', [
      context.tensor(inputs['x']!),
      context.emit.int64(numbersAttribute(attributes, 'reps')),
    ]),
  ]) satisfies Lowering,
  TopK: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const k = emit.int64([numberAttribute(attributes, 'k')]);
    const [values, indices] = emit.nodeOutputs(
      'TopK',
      [context.tensor(inputs['x']!), k],
      { axis: -1, largest: 1, sorted: 1 },
      2,
    );
    return [values!, toInt32(context, indices!)];
  }) satisfies Lowering,
  Transpose: (({ inputs, attributes }, context) => [
    context.emit.node('Transpose', [context.tensor(inputs['x']!)], {
      perm: numbersAttribute(attributes, 'perm'),
    }),
  ]) satisfies Lowering,
  UnsortedSegmentSum: lowerSegmentSum,
};

function lowerGather({ inputs, attributes }: Node, context: LoweringContext): readonly string[] {
  const { emit } = context;
  const [x, indices] = [inputs['x']!, inputs['indices']!];
  const [axis] = normalizeAxes(numberAttribute(attributes, 'axis', 0), x.shape.length);
  const batchDims = numberAttribute(attributes, 'batchDims', 0);
  const names = [context.tensor(x), context.tensor(indices)] as const;
  if (batchDims === 0) return [emit.node('Gather', names, { axis: axis! })];
  if (axis !== batchDims) {
    throw new Error(`gather with batchDims ${batchDims} compiles for axis ${batchDims} only.`);
  }
  const positions = emit.node('Cast', [names[1]], { to: ELEMENT_TYPE.int64 });
  const rows = emit.node('Reshape', [positions, emit.int64([...indices.shape, 1])]);
  return [emit.node('GatherND', [names[0], rows], { batch_dims: batchDims })];
}

/**
 * Never `ScatterND` with an addition: its CPU kernel loses sums when two threads meet in a row.
 * Ids outside of the segments add nothing, as in tfjs.
 */
function lowerSegmentSum(
  { inputs, attributes, outputs }: Node,
  context: LoweringContext,
): readonly string[] {
  const { emit } = context;
  const [x, ids] = [inputs['x']!, inputs['segmentIds']!];
  const segments = numberAttribute(attributes, 'numSegments');
  const count = elementCount(ids.shape);
  const width = elementCount(x.shape) / count;
  const matrix = emit.node('Reshape', [context.tensor(x), emit.int64([count, width])]);
  const flatIds = emit.node('Reshape', [context.tensor(ids), emit.int64([count])]);
  const isFloat = x.dtype === 'float32';
  let sums: string;
  if (isFloat && segments <= MATMUL_SEGMENTS) {
    const encoded = oneHot(context, flatIds, [count], segments, [0, 1]);
    sums = matrixProduct(context, [encoded, matrix], [2, 2], { transA: 1 });
  } else {
    const zero = emit.scalar(0, x.dtype);
    const zeros = emit.node('Expand', [zero, emit.int64([segments, width])]);
    const column = emit.node('Reshape', [flatIds, emit.int64([count, 1])]);
    const rows = emit.node('Expand', [column, emit.int64([count, width])]);
    sums = emit.node('ScatterElements', [zeros, rows, matrix], { axis: 0, reduction: 'add' });
  }
  return [emit.node('Reshape', [sums, emit.int64(outputs[0]!.shape)])];
}

/**
 * A last axis of `depth` with `on` at the position that an id names, `off` elsewhere, float32. Ids
 * outside of the axis name no position. ONNX's OneHot counts negative ones from the end, and its
 * kernel runs on one thread: comparing with the positions takes a third of its time.
 */
function oneHot(
  { emit }: LoweringContext,
  ids: string,
  idsShape: readonly number[],
  depth: number,
  [off, on]: readonly [number, number],
): string {
  const column = emit.node('Reshape', [ids, emit.int64([...idsShape, 1])]);
  const positions = emit.initializer(
    [depth],
    'int32',
    Int32Array.from({ length: depth }, (_, i) => i),
  );
  const same = emit.node('Equal', [column, positions]);
  return off === 0 && on === 1
    ? emit.node('Cast', [same], { to: ELEMENT_TYPE.float32 })
    : emit.node('Where', [same, emit.scalar(on, 'float32'), emit.scalar(off, 'float32')]);
}

function toInt32({ emit }: LoweringContext, name: string): string {
  return emit.node('Cast', [name], { to: ELEMENT_TYPE.int32 });
}
