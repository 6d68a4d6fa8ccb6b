import type { GraphBuilder } from '../ir/graph-builder';
import { broadcastShapes, sameShape } from '../ir/shapes';
import type { KernelName } from '../ir/kernels';
import type { Attributes, Value } from '../ir/types';
import { ELEMENTWISE, SHAPE_RULES } from './shape-rules';

type Operands = Readonly<Record<string, Value>>;

/**
 * Appends a kernel call. Element-wise kernels run on what their operands were before broadcasting,
 * and their result is broadcast instead: expansions move towards the outputs and vanish where they
 * meet an operand of full size, so that gradients of sums and means never fill an array.
 */
export function record(
  builder: GraphBuilder,
  kernel: KernelName,
  inputs: Operands,
  attributes: Attributes = {},
): readonly Value[] {
  const results = SHAPE_RULES[kernel](inputs, attributes);
  if (!ELEMENTWISE.has(kernel)) return builder.node(kernel, inputs, attributes, results);
  const small = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, beforeBroadcast(builder, value)]),
  );
  const shape = Object.values(small)
    .map((value) => value.shape)
    .reduce(broadcastShapes, []);
  const [result] = results;
  const [value] = builder.node(kernel, small, attributes, [{ shape, dtype: result!.dtype }]);
  return [broadcastTo(builder, value!, result!.shape)];
}

/** `value` broadcast to `shape`: a node that lowering leaves out wherever it can. */
export function broadcastTo(builder: GraphBuilder, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  if (value.origin.kind === 'splat') {
    return builder.splat(value.origin.value, { shape, dtype: value.dtype });
  }
  const attributes = { shape: [...shape] };
  return builder.node('BroadcastTo', { x: beforeBroadcast(builder, value) }, attributes, [
    { shape, dtype: value.dtype },
  ])[0]!;
}

function beforeBroadcast(builder: GraphBuilder, value: Value): Value {
  const { origin, dtype } = value;
  if (origin.kind === 'splat') return builder.splat(origin.value, { shape: [], dtype });
  if (origin.kind === 'node' && origin.node.kernel === 'BroadcastTo')
    return origin.node.inputs['x']!;
  return value;
}
