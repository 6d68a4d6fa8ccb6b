import { numbersAttribute } from '../ir/attributes';
import { convolution, type Convolution } from '../ir/convolution';
import type { Value } from '../ir/types';
import {
  NCHW_TO_NHWC,
  NHWC_TO_NCHW,
  convAttributes,
  paddedInput,
  tapInput,
  transposedAttributes,
} from './convolutions';
import type { Lowering, LoweringContext } from './lowering';

/** Rules of the convolutions that give every channel filters of its own: [h, w, I, multiplier]. */
export const DEPTHWISE_LOWERINGS = {
  DepthwiseConv2dNative: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const [x, filter] = [inputs['x']!, inputs['filter']!];
    const sizes = convolution(x.shape, filter.shape, attributes);
    const images = emit.node('Transpose', [context.tensor(x)], NHWC_TO_NCHW);
    const y = emit.node('Conv', [images, groupedFilter(context, filter, sizes)], {
      ...convAttributes(sizes),
      group: sizes.inputChannels,
    });
    return [emit.node('Transpose', [y], NCHW_TO_NHWC)];
  }) satisfies Lowering,

  DepthwiseConv2dNativeBackpropInput: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const [dy, filter] = [inputs['dy']!, inputs['filter']!];
    const sizes = convolution(numbersAttribute(attributes, 'inputShape'), filter.shape, attributes);
    const gradient = emit.node('Transpose', [context.tensor(dy)], NHWC_TO_NCHW);
    const dx = emit.node('ConvTranspose', [gradient, groupedFilter(context, filter, sizes)], {
      ...transposedAttributes(sizes),
      group: sizes.inputChannels,
    });
    return [emit.node('Transpose', [dx], NCHW_TO_NHWC)];
  }) satisfies Lowering,

  /** Per tap of the filter, the sum over all pixels of the input that it met times dy. */
  DepthwiseConv2dNativeBackpropFilter: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const [x, dy] = [inputs['x']!, inputs['dy']!];
    const filterShape = numbersAttribute(attributes, 'filterShape');
    const sizes = convolution(x.shape, filterShape, attributes);
    const { batch, inputChannels, outputChannels } = sizes;
    const rows = batch * sizes.outputSize[0] * sizes.outputSize[1];
    const reshape = (name: string, shape: readonly number[]): string =>
      emit.node('Reshape', [name, emit.int64(shape)]);
    const gradient = reshape(context.tensor(dy), [rows, inputChannels, outputChannels]);
    const padded = paddedInput(context, context.tensor(x), sizes);
    const taps: string[] = [];
    for (let i = 0; i < sizes.kernel[0]; i++) {
      for (let j = 0; j < sizes.kernel[1]; j++) {
        const met = reshape(tapInput(context, padded, sizes, [i, j]), [rows, inputChannels, 1]);
        const shares = emit.node('Mul', [met, gradient]);
        taps.push(emit.node('ReduceSum', [shares, emit.int64([0])], { keepdims: 0 }));
      }
    }
    const stacked = taps.length === 1 ? taps[0]! : emit.node('Concat', taps, { axis: 0 });
    return [reshape(stacked, filterShape)];
  }) satisfies Lowering,
};

/** [h, w, I, multiplier] → [I·multiplier, 1, h, w]. */
function groupedFilter(
  context: LoweringContext,
  filter: Value,
  { inputChannels, outputChannels, kernel }: Convolution,
): string {
  const { emit } = context;
  const outermost = emit.node('Transpose', [context.tensor(filter)], { perm: [2, 3, 0, 1] });
  const shape = emit.int64([inputChannels * outputChannels, 1, ...kernel]);
  return emit.node('Reshape', [outermost, shape]);
}
