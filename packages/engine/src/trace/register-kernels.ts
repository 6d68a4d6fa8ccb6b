import * as tf from '@tensorflow/tfjs';
import { KERNELS, type KernelName } from '../ir/kernels';
import type { Attributes, Value } from '../ir/types';
import { record } from './record';
import { REWRITES } from './rewrites';
import { TRACE_BACKEND, TraceBackend } from './trace-backend';

let registered: TraceBackend | undefined;

/**
 * The recording backend, registered with tfjs on first use: a recorder for every kernel that can be
 * compiled, a refusal by name for every other one that tfjs knows.
 */
export function traceBackend(): TraceBackend {
  if (registered) return registered;
  const backend = new TraceBackend();
  tf.registerBackend(TRACE_BACKEND, () => backend, 0);
  const compiled = new Set<string>([...KERNELS, ...Object.keys(REWRITES)]);
  for (const kernelName of compiled) {
    tf.registerKernel({
      kernelName,
      backendName: TRACE_BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const call = { inputs: operands(backend, inputs), attributes: (attrs ?? {}) as Attributes };
        const rewrite = REWRITES[kernelName];
        const values = rewrite
          ? rewrite(backend.graph, call)
          : record(backend.graph, kernelName as KernelName, call.inputs, call.attributes);
        const infos = values.map((value) => backend.tensorInfo(value));
        return MULTIPLE_RESULTS.has(kernelName) ? infos : infos[0]!;
      },
    });
  }
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (compiled.has(kernelName)) continue;
    tf.registerKernel({
      kernelName,
      backendName: TRACE_BACKEND,
      kernelFunc: () => {
        throw new Error(
          `The tfjs kernel "${kernelName}" cannot be compiled: express it through other operations, or make its result an input.`,
        );
      },
    });
  }
  registered = backend;
  return backend;
}

/** Kernels that return a list even of one tensor. */
const MULTIPLE_RESULTS = new Set(['SplitV', 'Unpack', 'TopK']);

function operands(backend: TraceBackend, inputs: tf.NamedTensorInfoMap): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, info]) =>
      // Optional operands arrive as undefined.
      info ? [[name, backend.graphValue(info)]] : [],
    ),
  );
}
