import { elementCount } from '@ar-distill/program';
import { type Convolution, pooling } from '../ir/convolution';
import { NCHW_TO_NHWC, NHWC_TO_NCHW } from './convolutions';
import type { Lowering } from './lowering';

/** Rules of the poolings over images. */
export const POOLING_LOWERINGS = {
  AvgPool: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const x = inputs['x']!;
    const images = emit.node('Transpose', [context.tensor(x)], NHWC_TO_NCHW);
    const y = emit.node('AveragePool', [images], windows(pooling(x.shape, attributes)));
    return [emit.node('Transpose', [y], NCHW_TO_NHWC)];
  }) satisfies Lowering,

  MaxPool: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const x = inputs['x']!;
    const images = emit.node('Transpose', [context.tensor(x)], NHWC_TO_NCHW);
    const y = emit.node('MaxPool', [images], windows(pooling(x.shape, attributes)));
    return [emit.node('Transpose', [y], NCHW_TO_NHWC)];
  }) satisfies Lowering,

  /** The gradient goes to where the maximum was found, the first of equal ones. */
  MaxPoolGrad: (({ inputs, attributes }, context) => {
    const { emit } = context;
    const [dy, x] = [inputs['dy']!, inputs['input']!];
    const sizes = pooling(x.shape, attributes);
    const images = emit.node('Transpose', [context.tensor(x)], NHWC_TO_NCHW);
    const [, positions] = emit.nodeOutputs('MaxPool', [images], windows(sizes), 2);
    const gradient = emit.node('Transpose', [context.tensor(dy)], NHWC_TO_NCHW);
    const flat = (name: string): string => emit.node('Reshape', [name, emit.int64([-1])]);
    const zeros = emit.node('Expand', [
      emit.scalar(0, 'float32'),
      emit.int64([elementCount(x.shape)]),
    ]);
    const dx = emit.node('ScatterElements', [zeros, flat(positions!), flat(gradient)], {
      reduction: 'add',
    });
    const shape = emit.int64([sizes.batch, sizes.inputChannels, ...sizes.inputSize]);
    return [emit.node('Transpose', [emit.node('Reshape', [dx, shape])], NCHW_TO_NHWC)];
  }) satisfies Lowering,
};

function windows({ strides, kernel, padBefore, padAfter }: Convolution) {
  return { strides, kernel_shape: kernel, pads: [...padBefore, ...padAfter] };
}
