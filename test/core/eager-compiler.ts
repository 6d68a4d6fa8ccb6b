import * as tf from '@tensorflow/tfjs';
import type {
  CompiledStep,
  HostTensor,
  StateStore,
  StepCompiler,
  StepProgram,
} from '@ar-distill/program';
import { toTensors } from '@ar-distill/nn';

/** Runs stateless step programs on the current tfjs backend, op by op, and counts them. */
export class EagerCompiler implements StepCompiler {
  /** Programs so far. */
  compiled = 0;
  /** Of them, those that were disposed of. */
  disposed = 0;

  createStore(): Promise<StateStore> {
    return Promise.reject(new Error('This compiler of the tests has no state.'));
  }

  async compile({ fn, constants = {} }: StepProgram): Promise<CompiledStep> {
    this.compiled++;
    return {
      run: async (inputs) => {
        tf.engine().startScope();
        try {
          const given = { state: {}, constants: toTensors(constants), inputs: toTensors(inputs) };
          return Object.fromEntries(
            Object.entries(fn(given).outputs).map(([name, value]) => [name, toHost(value)]),
          );
        } finally {
          tf.engine().endScope();
        }
      },
      dispose: async () => void this.disposed++,
    };
  }
}

/** One for tests that count nothing. */
export const eagerCompiler: StepCompiler = new EagerCompiler();

export function toHost(value: tf.Tensor): HostTensor {
  return value.dtype === 'int32'
    ? { shape: value.shape, dtype: 'int32', data: Int32Array.from(value.dataSync()) }
    : { shape: value.shape, dtype: 'float32', data: Float32Array.from(value.dataSync()) };
}
