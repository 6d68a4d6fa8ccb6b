import { axesAttribute, flagAttribute } from '../ir/attributes';
import type { REDUCTION_KERNELS } from '../ir/kernels';
import { normalizeAxes } from '../ir/shapes';
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
    // Reductions of booleans go through integers.
    const isBool = x.dtype === 'bool';
    const operand = isBool ? emit.node('Cast', [name], { to: ELEMENT_TYPE.int32 }) : name;
    const reduced = emit.node(op, [operand, emit.int64(axes)], {
      keepdims: flagAttribute(attributes, 'keepDims') ? 1 : 0,
    });
    const toBool = isBool && outputs[0]!.dtype === 'bool';
    return [toBool ? emit.node('Cast', [reduced], { to: ELEMENT_TYPE.bool }) : reduced];
  };
}
