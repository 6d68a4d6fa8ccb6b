import * as tf from '@tensorflow/tfjs';
import { GraphBuilder } from '../ir/graph-builder';
import { sameShape } from '../ir/shapes';
import type { HostTensors, StepFunction, TensorSpec } from '@ar-distill/program';
import type { Graph, Value } from '../ir/types';
import { traceBackend } from './register-kernels';
import { TRACE_BACKEND } from './trace-backend';

/** Shapes of what the function reads, and the values of what is frozen. */
export interface TraceSpec {
  readonly state: Readonly<Record<string, TensorSpec>>;
  readonly constants: Readonly<HostTensors>;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
}

/**
 * Runs `fn` once without computing anything and returns what it would compute. Synchronous; the tfjs
 * backend that was set before is set again afterwards.
 * @throws Error when the function looks at values, uses a kernel that cannot be compiled, or returns
 * state that it does not own or of another shape.
 */
export function trace(name: string, fn: StepFunction, spec: TraceSpec): Graph {
  const backend = traceBackend();
  const builder = new GraphBuilder();
  const engine = tf.engine();
  const previous = engine.backendName;
  const edges = { state: {}, inputs: {} } as Record<'state' | 'inputs', Record<string, Value>>;
  for (const [key, own] of Object.entries(spec.state))
    edges.state[key] = builder.edge('state', key, own);
  for (const [key, own] of Object.entries(spec.inputs))
    edges.inputs[key] = builder.edge('input', key, own);
  backend.record(builder);
  tf.setBackend(TRACE_BACKEND);
  engine.startScope();
  try {
    const tensors = (values: Readonly<Record<string, Value>>): Record<string, tf.Tensor> =>
      mapValues(values, (value) => engine.makeTensorFromTensorInfo(backend.tensorInfo(value)));
    const result = fn({
      state: tensors(edges.state),
      constants: tensors(
        mapValues(spec.constants, ({ data, shape, dtype }) =>
          builder.constant(data, { shape, dtype }),
        ),
      ),
      inputs: tensors(edges.inputs),
    });
    const nextState = mapValues(result.state ?? {}, (tensor, key) => {
      const old = edges.state[key];
      if (!old) throw new Error(`It returns the state "${key}", which it does not read.`);
      const value = backend.graphValue(tensor);
      if (!sameShape(value.shape, old.shape) || value.dtype !== old.dtype) {
        throw new Error(
          `It returns the state "${key}" as ${value.dtype}[${value.shape.join(', ')}] where ${old.dtype}[${old.shape.join(', ')}] is kept.`,
        );
      }
      return value;
    });
    const outputs = mapValues(result.outputs, (tensor) => backend.graphValue(tensor));
    return builder.finish(name, { state: edges.state, inputs: edges.inputs, nextState, outputs });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The program "${name}" cannot be compiled: ${reason}`, { cause: error });
  } finally {
    engine.endScope();
    backend.record(undefined);
    tf.setBackend(previous || 'cpu');
  }
}

function mapValues<A, B>(
  values: Readonly<Record<string, A>>,
  map: (value: A, key: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]));
}
