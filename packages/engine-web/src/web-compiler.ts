import type { ExportedTeacher } from '@ar-distill/core/exported';
import {
  type CompiledStep,
  type ExportedPrograms,
  exportedPrograms,
  type HostTensor,
} from '@ar-distill/program';
import type * as onnxruntime from 'onnxruntime-common';

/** Any build of onnxruntime-web. */
export type OnnxRuntimeWeb = Pick<typeof onnxruntime, 'InferenceSession' | 'Tensor'>;

/** How its sessions are opened: execution providers, for instance. */
export type SessionOptions = onnxruntime.InferenceSession.SessionOptions;

/**
 * A `StepCompiler` over onnxruntime-web, of the programs that were exported with a teacher. State lies in host memory.
 * @param read the content of a file of the export.
 */
export function webCompiler(
  { programs, weights }: Pick<ExportedTeacher, 'programs' | 'weights'>,
  read: (file: ExportedTeacher['weights']) => Promise<Uint8Array>,
  ort: OnnxRuntimeWeb,
  options: SessionOptions = {},
): ExportedPrograms {
  // All models read it.
  let shared: Promise<Uint8Array> | undefined;
  return exportedPrograms(programs, async ({ name, file }) => {
    shared ??= read(weights);
    const [model, data] = await Promise.all([read(file), shared]);
    const session = await ort.InferenceSession.create(model, {
      ...options,
      externalData: [{ path: weights.name, data }],
    }).catch((error: unknown) => {
      throw failure(`The program "${name}" cannot be loaded`, error);
    });
    return stepOf(name, session, ort);
  });
}

function stepOf(
  name: string,
  session: onnxruntime.InferenceSession,
  { Tensor }: OnnxRuntimeWeb,
): CompiledStep {
  return {
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(([key, { dtype, data, shape }]) => [
        key,
        dtype === 'float32' ? new Tensor(dtype, data, shape) : new Tensor(dtype, data, shape),
      ]);
      const results = await session.run(Object.fromEntries(feeds)).catch((error: unknown) => {
        throw failure(`The program "${name}" failed`, error);
      });
      const outputs: [string, HostTensor][] = [];
      for (const [key, tensor] of Object.entries(results)) {
        outputs.push([key, await arrayOf(tensor, `${key} of "${name}"`)]);
        tensor.dispose();
      }
      return Object.fromEntries(outputs);
    },
    dispose: () => session.release(),
  };
}

/** A result in host memory, wherever it was computed. */
async function arrayOf(tensor: onnxruntime.Tensor, what: string): Promise<HostTensor> {
  const data = await tensor.getData();
  const shape = [...tensor.dims];
  if (data instanceof Float32Array) return { shape, dtype: 'float32', data };
  if (data instanceof Int32Array) return { shape, dtype: 'int32', data };
  throw new Error(`ONNX Runtime returned ${tensor.type} for ${what}: export the teacher again.`);
}

function failure(what: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${what} in ONNX Runtime: ${reason}`, { cause });
}
