import * as tf from '@tensorflow/tfjs';
import type {
  HostTensor,
  HostTensors,
  StateStore,
  StepCompiler,
  StepProgram,
} from '@ar-distill/program';

/** Runs stateless step programs on the current tfjs backend, op by op. */
export const eagerCompiler: StepCompiler = {
  createStore: (): Promise<StateStore> =>
    Promise.reject(new Error('This compiler of the tests has no state.')),
  compile: async (program: StepProgram) => ({
    run: async (inputs: Readonly<HostTensors>) => {
      tf.engine().startScope();
      try {
        const { outputs } = program.fn({
          state: {},
          constants: toTensors(program.constants ?? {}),
          inputs: toTensors(inputs),
        });
        return Object.fromEntries(
          Object.entries(outputs).map(([name, value]) => [name, toHost(value)]),
        );
      } finally {
        tf.engine().endScope();
      }
    },
    dispose: () => Promise.resolve(),
  }),
};

export function toTensors(values: Readonly<HostTensors>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
}

export function toHost(value: tf.Tensor): HostTensor {
  return value.dtype === 'int32'
    ? { shape: value.shape, dtype: 'int32', data: Int32Array.from(value.dataSync()) }
    : { shape: value.shape, dtype: 'float32', data: Float32Array.from(value.dataSync()) };
}
