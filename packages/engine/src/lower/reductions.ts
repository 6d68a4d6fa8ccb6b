import { axesAttribute, flagAttribute } from '../ir/attributes';
import type { REDUCTION_KERNELS } from '../ir/kernels';
import { normalizeAxes } from '../ir/shapes';
import type { ValueDtype } from '../ir/types';
import { ELEMENT_TYPE } from '../onnx/model';
import type { Lowering } from './lowering';

/** Rules of the reductions. */
export const REDUCTION_LOWERINGS: { readonly [K in (typeof REDUCTION_KERNELS)[number]]: Lowering } =
  {
    All: reduction('ReduceMin'),
    Any: reduction('ReduceMax'),
    Max: reduction('ReduceMax'),
    Mean: reduction('ReduceMean'),
    Min: reduction('ReduceMin'),
    Prod: reduction('ReduceProd'),
    Sum: reduction('ReduceSum'),
  };

function reduction(op: string): Lowering {
  return ({ inputs, attributes, outputs }, context) => {
    const { emit } = context;
    const x = inputs['x']!;
    const axes = normalizeAxes(axesAttribute(attributes, 'axis'), x.shape.length);
    const name = context.tensor(x);
    if (axes.length === 0) return [emit.node('Identity', [name])];
    // Reductions of booleans go through integers, means through floats.
    const result = outputs[0]!.dtype;
    const through = result === 'bool' ? 'int32' : result;
    const cast = (value: string, to: ValueDtype): string =>
      emit.node('Cast', [value], { to: ELEMENT_TYPE[to] });
    const operand = x.dtype === through ? name : cast(name, through);
    const reduced = emit.node(op, [operand, emit.int64(axes)], {
      keepdims: flagAttribute(attributes, 'keepDims') ? 1 : 0,
    });
    return [result === through ? reduced : cast(reduced, result)];
  };
}
