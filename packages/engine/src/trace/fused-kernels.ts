import type { GraphBuilder } from '../ir/graph-builder';
import type { KernelName } from '../ir/kernels';
import type { Attributes, Value } from '../ir/types';
import { record } from './record';
import type { KernelCall, Rewrite } from './rewrite';
import { operand } from './shape-rules';

/** The kernels behind the activations that tfjs fuses. */
const ACTIVATIONS: Readonly<Record<string, KernelName>> = {
  elu: 'Elu',
  leakyrelu: 'LeakyRelu',
  relu: 'Relu',
  relu6: 'Relu6',
  sigmoid: 'Sigmoid',
};

/** x where it is not negative, alpha·x elsewhere. */
export function prelu(builder: GraphBuilder, x: Value, alpha: Value): readonly Value[] {
  const zero = builder.splat(0, { shape: [], dtype: x.dtype });
  const [condition] = record(builder, 'Less', { a: x, b: zero });
  const [t] = record(builder, 'Multiply', { a: x, b: alpha });
  return record(builder, 'Select', { condition: condition!, t: t!, e: x });
}

/** `kernel`, then the bias, then the activation: ONNX Runtime fuses what it can. */
function unfused(kernel: KernelName, names: readonly [string, string]): Rewrite {
  return (builder, { inputs, attributes }: KernelCall) => {
    const operands = Object.fromEntries(names.map((name) => [name, operand(inputs, name)]));
    let [y] = record(builder, kernel, operands, attributes) as readonly [Value];
    const { bias, preluActivationWeights } = inputs;
    if (bias) [y] = record(builder, 'Add', { a: y, b: bias }) as readonly [Value];
    return activate(builder, y, attributes, preluActivationWeights);
  };
}

function activate(
  builder: GraphBuilder,
  x: Value,
  attributes: Attributes,
  alpha: Value | undefined,
): readonly Value[] {
  const activation = attributes['activation'] ?? 'linear';
  if (activation === 'linear') return [x];
  if (activation === 'prelu' && alpha) return prelu(builder, x, alpha);
  const kernel = typeof activation === 'string' ? ACTIVATIONS[activation] : undefined;
  if (!kernel) throw new Error(`The fused activation ${String(activation)} cannot be compiled.`);
  const slope = attributes['leakyreluAlpha'];
  return record(builder, kernel, { x }, kernel === 'LeakyRelu' ? { alpha: slope } : {});
}

/** Kernels that tfjs fuses where no gradient is asked for. */
export const FUSED_REWRITES = {
  _FusedMatMul: unfused('BatchMatMul', ['a', 'b']),
  FusedConv2D: unfused('Conv2D', ['x', 'filter']),
} satisfies Record<string, Rewrite>;
