import type { GraphBuilder } from '../ir/graph-builder';
import { flagAttribute, numbersAttribute } from '../ir/attributes';
import type { Attributes, Value } from '../ir/types';
import { record } from './record';
import { operand } from './shape-rules';
import type { KernelCall, Rewrite } from './rewrite';

type Size = readonly [number, number];

/** Position in the source of a row (or column) of the result, as tfjs computes it. */
function sourcePosition(from: number, to: number, attributes: Attributes, index: number): number {
  const corners = flagAttribute(attributes, 'alignCorners') && to > 1;
  const scale = corners ? (from - 1) / (to - 1) : from / to;
  return flagAttribute(attributes, 'halfPixelCenters')
    ? scale * (index + 0.5) - 0.5
    : scale * index;
}

/** The row (or column) of the source that is nearest. */
function nearest(from: number, to: number, attributes: Attributes, index: number): number {
  const half = flagAttribute(attributes, 'halfPixelCenters') ? 0.5 : 0;
  const position = sourcePosition(from, to, attributes, index) + half;
  const rounded = flagAttribute(attributes, 'alignCorners')
    ? Math.round(position)
    : Math.floor(position);
  return Math.max(0, Math.min(from - 1, rounded));
}

type Weigh = (row: Float64Array, index: number) => void;

/** Weights [to, from] of the source's rows in those of the result. */
function weights(from: number, to: number, weigh: Weigh): Float64Array[] {
  return Array.from({ length: to }, (_, index) => {
    const row = new Float64Array(from);
    weigh(row, index);
    return row;
  });
}

const nearestWeights = (from: number, to: number, attributes: Attributes): Float64Array[] =>
  weights(from, to, (row, index) => (row[nearest(from, to, attributes, index)] = 1));

const bilinearWeights = (from: number, to: number, attributes: Attributes): Float64Array[] =>
  weights(from, to, (row, index) => {
    const position = sourcePosition(from, to, attributes, index);
    const below = Math.max(0, Math.floor(position));
    const above = Math.max(0, Math.min(from - 1, Math.ceil(position)));
    row[below]! += 1 - (position - below);
    row[above]! += position - below;
  });

/** One constant matrix for the rows and one for the columns: rows·x·columnsᵀ of every channel. */
function resample(
  builder: GraphBuilder,
  x: Value,
  rows: readonly Float64Array[],
  columns: readonly Float64Array[],
): Value {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const constant = (matrix: readonly Float64Array[]): Value =>
    builder.constant(Float32Array.from(matrix.flatMap((row) => [...row])), {
      shape: [matrix.length, matrix[0]!.length],
      dtype: 'float32',
    });
  const reshape = (value: Value, shape: readonly number[]): Value =>
    record(builder, 'Reshape', { x: value }, { shape })[0]!;
  const lines = reshape(x, [batch, height, width * channels]);
  const [tall] = record(builder, 'BatchMatMul', { a: constant(rows), b: lines });
  const pixels = reshape(tall!, [batch, rows.length, width, channels]);
  return record(builder, 'BatchMatMul', { a: constant(columns), b: pixels })[0]!;
}

const transposed = (matrix: readonly Float64Array[]): Float64Array[] =>
  Array.from(matrix[0]!, (_, column) => Float64Array.from(matrix, (row) => row[column]!));

const sizeOf = ({ shape }: Value): Size => [shape[1]!, shape[2]!];

type Weights = typeof bilinearWeights;

function gradient(weightsOf: Weights): Rewrite {
  return (builder, { inputs, attributes }: KernelCall) => {
    const [from, dy] = [sizeOf(operand(inputs, 'images')), operand(inputs, 'dy')];
    const to = sizeOf(dy);
    return [
      resample(
        builder,
        dy,
        transposed(weightsOf(from[0], to[0], attributes)),
        transposed(weightsOf(from[1], to[1], attributes)),
      ),
    ];
  };
}

/** Resizing of images [B, H, W, C]: constant matrices, or rows and columns that are picked. */
export const RESIZE_REWRITES = {
  ResizeBilinear: (builder, { inputs, attributes }) => {
    const images = operand(inputs, 'images');
    const [from, to] = [sizeOf(images), numbersAttribute(attributes, 'size') as [number, number]];
    return [
      resample(
        builder,
        images,
        bilinearWeights(from[0], to[0], attributes),
        bilinearWeights(from[1], to[1], attributes),
      ),
    ];
  },
  ResizeBilinearGrad: gradient(bilinearWeights),
  ResizeNearestNeighbor: (builder, { inputs, attributes }) => {
    const images = operand(inputs, 'images');
    const [from, to] = [sizeOf(images), numbersAttribute(attributes, 'size') as [number, number]];
    return [
      [0, 1].reduce((x, i) => {
        const [source, target] = [from[i]!, to[i]!];
        const picked = Array.from({ length: target }, (_, index) =>
          nearest(source, target, attributes, index),
        );
        const indices = builder.constant(Int32Array.from(picked), {
          shape: [target],
          dtype: 'int32',
        });
        return record(builder, 'GatherV2', { x, indices }, { axis: i + 1, batchDims: 0 })[0]!;
      }, images),
    ];
  },
  ResizeNearestNeighborGrad: gradient(nearestWeights),
} satisfies Record<string, Rewrite>;
