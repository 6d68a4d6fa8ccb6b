import * as tf from '@tensorflow/tfjs';
import { uniform } from '../arrays';
import type { KernelCase } from '../compare-with-cpu';

type Pad = 'same' | 'valid' | number;

interface Geometry {
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: number | [number, number];
  readonly pad: Pad;
  readonly dilation?: number;
}

const CONVOLUTIONS: readonly Geometry[] = [
  { size: [6, 5], kernel: [3, 3], stride: 1, pad: 'same' },
  { size: [6, 5], kernel: [3, 3], stride: 1, pad: 'valid' },
  { size: [7, 6], kernel: [3, 3], stride: 2, pad: 'same' },
  { size: [7, 6], kernel: [3, 3], stride: 2, pad: 'valid' },
  { size: [8, 8], kernel: [4, 4], stride: 4, pad: 'valid' },
  { size: [6, 7], kernel: [2, 3], stride: [1, 2], pad: 'same' },
  { size: [5, 5], kernel: [1, 1], stride: 1, pad: 'same' },
  { size: [5, 6], kernel: [1, 1], stride: 2, pad: 'same' },
  { size: [6, 6], kernel: [3, 3], stride: 1, pad: 2 },
  { size: [8, 7], kernel: [3, 3], stride: 1, pad: 'same', dilation: 2 },
];

const describe = ({ size, kernel, stride, pad, dilation }: Geometry): string =>
  `${size.join('×')} by ${kernel.join('×')}, stride ${stride}, ${pad}${dilation ? `, dilation ${dilation}` : ''}`;

const image = ([height, width]: readonly [number, number], channels = 3) =>
  uniform([2, height, width, channels], -1, 1, 21);

function convolutions(): KernelCase[] {
  return CONVOLUTIONS.map((geometry) => ({
    name: describe(geometry),
    operands: [image(geometry.size), uniform([...geometry.kernel, 3, 4], -1, 1, 22)],
    compute: (x, filter) =>
      tf.conv2d(
        x as tf.Tensor4D,
        filter as tf.Tensor4D,
        geometry.stride,
        geometry.pad,
        'NHWC',
        geometry.dilation ?? 1,
      ),
    // tfjs has no gradient for dilations.
    ...(geometry.dilation ? {} : { gradients: [0, 1] }),
  }));
}

const [SMALL, STRIDED] = [CONVOLUTIONS[0]!, CONVOLUTIONS[2]!];

/** The gradient of a convolution of zeros: the kernel alone. */
function convolutionGradient(operand: 0 | 1): KernelCase[] {
  return [SMALL, STRIDED].map(({ size, kernel, stride, pad }) => ({
    name: `stride ${stride}`,
    operands: [image(size), uniform([...kernel, 3, 4], -1, 1, 22)],
    compute: (x: tf.Tensor, filter: tf.Tensor) =>
      tf.grads((a, b) =>
        tf
          .conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad)
          .square()
          .sum(),
      )([x, filter])[operand]!,
  }));
}

const POOLS: readonly Geometry[] = [
  { size: [6, 4], kernel: [2, 2], stride: 2, pad: 'valid' },
  { size: [7, 5], kernel: [2, 2], stride: 2, pad: 'valid' },
  { size: [7, 5], kernel: [3, 2], stride: 1, pad: 'valid' },
  { size: [7, 5], kernel: [3, 3], stride: 2, pad: 'same' },
];

type Pool = (
  x: tf.Tensor4D,
  size: [number, number],
  stride: Geometry['stride'],
  pad: Pad,
) => tf.Tensor;

/** `padded`: whether tfjs's gradient is right with padding. */
function pools(pool: Pool, padded: boolean): KernelCase[] {
  return POOLS.map((geometry) => ({
    name: describe(geometry),
    operands: [image(geometry.size)],
    compute: (x) => pool(x as tf.Tensor4D, [...geometry.kernel], geometry.stride, geometry.pad),
    ...(padded || geometry.pad === 'valid' ? { gradients: [0] } : {}),
  }));
}

type Resize = (
  x: tf.Tensor4D,
  size: [number, number],
  corners: boolean,
  half: boolean,
) => tf.Tensor;

/** Of one square image: tfjs's gradients mix up height and width, and batches. */
const SIZES: readonly [number, number][] = [
  [8, 8],
  [7, 7],
  [3, 3],
];

function resizes(resize: Resize): KernelCase[] {
  return SIZES.flatMap((size) =>
    (
      [
        [false, false],
        [true, false],
        [false, true],
      ] as const
    ).map(([corners, half]) => ({
      name: `to ${size.join('×')}${corners ? ', aligned corners' : ''}${half ? ', pixel centres' : ''}`,
      operands: [uniform([1, 4, 4, 3], -1, 1, 21)],
      compute: (x) => resize(x as tf.Tensor4D, size, corners, half),
      // tfjs has no gradient for pixel centres.
      ...(half ? {} : { gradients: [0] }),
    })),
  );
}

const depthwise = (multiplier: number, index: number): KernelCase => {
  const geometry = CONVOLUTIONS[index]!;
  return {
    name: `${describe(geometry)}, ${multiplier} per channel`,
    operands: [image(geometry.size), uniform([...geometry.kernel, 3, multiplier], -1, 1, 23)],
    compute: (x, filter) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, geometry.stride, geometry.pad),
    gradients: [0, 1],
  };
};
const DEPTHWISE = [depthwise(1, 0), depthwise(2, 0), depthwise(1, 2), depthwise(2, 3)];

export const IMAGE_CASES = {
  Conv2D: [
    ...convolutions(),
    {
      name: 'two in a row',
      operands: [image([6, 6]), uniform([3, 3, 3, 4]), uniform([3, 3, 4, 2], -1, 1, 3)],
      compute: (x: tf.Tensor, first: tf.Tensor, second: tf.Tensor) => {
        const hidden = tf.conv2d(x as tf.Tensor4D, first as tf.Tensor4D, 1, 'same').relu();
        return tf.conv2d(hidden as tf.Tensor4D, second as tf.Tensor4D, 2, 'same').tanh();
      },
      gradients: [0, 1, 2],
    },
    {
      name: 'transposed',
      operands: [image([3, 3], 4), uniform([3, 3, 2, 4])],
      compute: (x: tf.Tensor, filter: tf.Tensor) =>
        tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 6, 6, 2], 2, 'same'),
      gradients: [0, 1],
    },
  ],
  Conv2DBackpropInput: convolutionGradient(0),
  Conv2DBackpropFilter: convolutionGradient(1),
  FusedConv2D: (['linear', 'relu', 'elu'] as const).map((activation) => ({
    name: activation,
    operands: [image([5, 4]), uniform([3, 3, 3, 2]), uniform([2])],
    compute: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        bias,
        strides: 1,
        pad: 'same',
        activation,
      }),
    gradients: [0, 1, 2],
  })),
  DepthwiseConv2dNative: DEPTHWISE,
  DepthwiseConv2dNativeBackpropInput: DEPTHWISE.slice(0, 1),
  DepthwiseConv2dNativeBackpropFilter: DEPTHWISE.slice(0, 1),
  // tfjs divides by the whole window in the gradient of padded averages.
  AvgPool: pools(tf.avgPool, false),
  AvgPoolGrad: pools(tf.avgPool, false).slice(0, 1),
  MaxPool: pools(tf.maxPool, true),
  MaxPoolGrad: pools(tf.maxPool, true).slice(0, 1),
  ResizeNearestNeighbor: resizes(tf.image.resizeNearestNeighbor),
  ResizeNearestNeighborGrad: resizes(tf.image.resizeNearestNeighbor).slice(0, 1),
  ResizeBilinear: resizes(tf.image.resizeBilinear),
  ResizeBilinearGrad: resizes(tf.image.resizeBilinear).slice(0, 1),
} satisfies Record<string, KernelCase[]>;
