import type { CompiledStep } from '@ar-distill/program';
import { failure, fromTensor, toTensor } from '../host/loaded-session';
import { onnxRuntime } from '../host/onnx-runtime';
import { sessionOptions } from '../host/session-options';

/**
 * A session of a model in a file, on the CPU, whose outputs are float32 or int32.
 * @throws Error naming the file when ONNX Runtime is missing or refuses the model.
 */
export async function openModelFile(file: string, threads: number): Promise<CompiledStep> {
  const options = sessionOptions(
    { provider: 'cpu', threads, profile: false, flushDenormals: false },
    {},
  );
  // What it would print is thrown as well.
  onnxRuntime().env.logLevel = 'fatal';
  const session = await onnxRuntime()
    .InferenceSession.create(file, options)
    .catch((error: unknown) => {
      throw failure(`The model "${file}" cannot be loaded`, error);
    });
  return {
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(([name, value]) => [name, toTensor(value)] as const);
      const results = await session.run(Object.fromEntries(feeds)).catch((error: unknown) => {
        throw failure(`The model "${file}" failed`, error);
      });
      return Object.fromEntries(
        session.outputNames.map((name) => [
          name,
          fromTensor(results[name], {}, `output "${name}" of "${file}"`),
        ]),
      );
    },
    dispose: () => session.release(),
  };
}
