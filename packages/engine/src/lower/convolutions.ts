import { numbersAttribute } from '../ir/attributes';
import { convolution, type Convolution } from '../ir/convolution';
import type { Lowering, LoweringContext } from './lowering';
import { matrixProduct } from './matrix-product';

export const NHWC_TO_NCHW = { perm: [0, 3, 1, 2] };
export const NCHW_TO_NHWC = { perm: [0, 2, 3, 1] };

/**
 * tfjs convolves NHWC with HWIO, ONNX Runtime NCHW with OIHW. Its optimizer moves the transposes
 * through what lies between two convolutions and cancels them.
 */
export const CONVOLUTION_LOWERINGS = {
  Conv2D: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const [x, filter] = [inputs['x']!, inputs['filter']!];
    const sizes = convolution(x.shape, filter.shape, attributes);
    const y = emit.node(
      'Conv',
      [
        emit.node('Transpose', [context.tensor(x)], NHWC_TO_NCHW),
        emit.node('Transpose', [context.tensor(filter)], { perm: [3, 2, 0, 1] }),
      ],
      convAttributes(sizes),
    );
    return [emit.node('Transpose', [y], NCHW_TO_NHWC)];
  }) satisfies Lowering,

  Conv2DBackpropInput: (({ inputs, attributes }, context) => {
    const [dy, filter] = [inputs['dy']!, inputs['filter']!];
    const sizes = convolution(numbersAttribute(attributes, 'inputShape'), filter.shape, attributes);
    const operands = [context.tensor(dy), context.tensor(filter)] as const;
    const lower = isMirrorable(sizes) ? mirroredConvolution : transposedConvolution;
    return [lower(context, operands, sizes)];
  }) satisfies Lowering,

  /**
   * One matrix product per tap of the filter: the inputs that the tap met, transposed, times dy. The
   * alternative, a convolution with batch and channels swapped, makes products of only h·w columns.
   */
  Conv2DBackpropFilter: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const [x, dy] = [inputs['x']!, inputs['dy']!];
    const filterShape = numbersAttribute(attributes, 'filterShape');
    const sizes = convolution(x.shape, filterShape, attributes);
    const padded = paddedInput(context, context.tensor(x), sizes);
    const rows = sizes.batch * sizes.outputSize[0] * sizes.outputSize[1];
    const gradient = emit.node('Reshape', [
      context.tensor(dy),
      emit.int64([rows, sizes.outputChannels]),
    ]);
    const taps: string[] = [];
    for (let i = 0; i < sizes.kernel[0]; i++) {
      for (let j = 0; j < sizes.kernel[1]; j++) {
        const met = emit.node('Reshape', [
          tapInput(context, padded, sizes, [i, j]),
          emit.int64([rows, sizes.inputChannels]),
        ]);
        taps.push(matrixProduct(context, [met, gradient], [2, 2], { transA: 1 }));
      }
    }
    const stacked = taps.length === 1 ? taps[0]! : emit.node('Concat', taps, { axis: 0 });
    return [emit.node('Reshape', [stacked, emit.int64(filterShape)])];
  }) satisfies Lowering,
};

/** Stride 1, and no padding beyond the filter's reach. */
function isMirrorable({ strides, kernel, dilations, padBefore, padAfter }: Convolution): boolean {
  return [0, 1].every((axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]!;
    return strides[axis] === 1 && padBefore[axis]! <= reach && padAfter[axis]! <= reach;
  });
}

/**
 * The input gradient of a convolution of stride 1: dy convolved with the mirrored filter, which takes
 * half of ConvTranspose's time on two threads.
 */
function mirroredConvolution(
  { emit }: LoweringContext,
  [dy, filter]: readonly [string, string],
  sizes: Convolution,
): string {
  const { kernel, inputSize, outputSize } = sizes;
  const spans = [0, 1].map((axis) => (kernel[axis]! - 1) * sizes.dilations[axis]!);
  const before = spans.map((span, axis) => span - sizes.padBefore[axis]!);
  const after = spans.map(
    (span, axis) => inputSize[axis]! + span - outputSize[axis]! - before[axis]!,
  );
  const backwards = emit.int64([-1, -1]);
  const ends = emit.int64(kernel.map((size) => -size - 1));
  const mirrored = emit.node('Slice', [filter, backwards, ends, emit.int64([0, 1]), backwards]);
  const dx = emit.node(
    'Conv',
    [
      emit.node('Transpose', [dy], NHWC_TO_NCHW),
      emit.node('Transpose', [mirrored], { perm: [2, 3, 0, 1] }),
    ],
    { ...convAttributes(sizes), pads: [...before, ...after] },
  );
  return emit.node('Transpose', [dx], NCHW_TO_NHWC);
}

/** The input gradient of any convolution, padded at the end to the size that was read. */
function transposedConvolution(
  { emit }: LoweringContext,
  [dy, filter]: readonly [string, string],
  sizes: Convolution,
): string {
  const dx = emit.node(
    'ConvTranspose',
    [
      emit.node('Transpose', [dy], NHWC_TO_NCHW),
      emit.node('Transpose', [filter], { perm: [3, 2, 0, 1] }),
    ],
    transposedAttributes(sizes),
  );
  return emit.node('Transpose', [dx], NCHW_TO_NHWC);
}

export function convAttributes({ strides, dilations, kernel, padBefore, padAfter }: Convolution) {
  return { strides, dilations, kernel_shape: kernel, pads: [...padBefore, ...padAfter] };
}

/** Attributes of ConvTranspose: the output is padded by what the strides of the convolution left. */
export function transposedAttributes(sizes: Convolution) {
  const outputPadding = [0, 1].map((axis) => {
    const span = (sizes.kernel[axis]! - 1) * sizes.dilations[axis]! + 1;
    const reached = (sizes.outputSize[axis]! - 1) * sizes.strides[axis]! + span;
    return sizes.inputSize[axis]! + sizes.padBefore[axis]! + sizes.padAfter[axis]! - reached;
  });
  return { ...convAttributes(sizes), output_padding: outputPadding };
}

export function paddedInput(
  { emit }: LoweringContext,
  x: string,
  { padBefore, padAfter }: Convolution,
): string {
  if ([...padBefore, ...padAfter].every((size) => size === 0)) return x;
  const pads = emit.int64([0, ...padBefore, 0, 0, ...padAfter, 0]);
  return emit.node('Pad', [x, pads, emit.scalar(0, 'float32')]);
}

/** The padded inputs that one tap meets, [B, outputHeight, outputWidth, I]. */
export function tapInput(
  { emit }: LoweringContext,
  padded: string,
  { strides, dilations, outputSize }: Convolution,
  tap: readonly [number, number],
): string {
  const starts = tap.map((offset, axis) => offset * dilations[axis]!);
  const ends = starts.map((start, axis) => start + (outputSize[axis]! - 1) * strides[axis]! + 1);
  return emit.node('Slice', [
    padded,
    emit.int64(starts),
    emit.int64(ends),
    emit.int64([1, 2]),
    emit.int64(strides),
  ]);
}
