import * as tf from '@tensorflow/tfjs';
import { createEngine, type EngineOptions, type ProgramProfile } from '@ar-distill/engine';
import { adamW, biasCorrections, initializeParameters } from '@ar-distill/nn';
import {
  elementCount,
  float32,
  type HostTensors,
  scalar,
  type TensorSpec,
} from '@ar-distill/program';
import type { BenchModel, BenchSide } from './bench-model';
import { noise } from './noise';

const SCALAR: TensorSpec = { shape: [], dtype: 'float32' };

/** A side of ours; compiled programs can also tell where their time goes. */
export interface EngineSide extends BenchSide {
  profile(): Promise<readonly ProgramProfile[]>;
}

/** The values that all sides start from. */
export function initialParameters(model: BenchModel): HostTensors {
  return initializeParameters(model.parameters, noise);
}

/** The model's training step on an engine: forward, backward and update in one program. */
export async function engineSide(
  model: BenchModel,
  options: Pick<EngineOptions, 'backend' | 'threads' | 'profile'>,
): Promise<EngineSide> {
  const engine = createEngine(options);
  const names = Object.keys(model.parameters);
  const store = await engine.createStore(initialState(initialParameters(model)));
  const { learningRate, beta1, beta2, weightDecay } = model.optimizer;
  const step = await engine.compile(
    {
      name: model.name,
      state: Object.keys(store.specs),
      inputs: {
        ...Object.fromEntries(
          Object.entries(model.batch).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
        ),
        biasCorrection1: SCALAR,
        biasCorrection2: SCALAR,
      },
      fn: ({ state, inputs }) => {
        const pick = (prefix: string): Record<string, tf.Tensor> =>
          Object.fromEntries(names.map((name) => [name, state[`${prefix}${name}`]!]));
        const parameters = pick('');
        const { value, grads } = tf.valueAndGrads((...values: tf.Tensor[]) =>
          model.loss(Object.fromEntries(names.map((name, i) => [name, values[i]!])), inputs),
        )(names.map((name) => parameters[name]!));
        const next = adamW({
          parameters,
          gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])),
          moments1: pick('moment1/'),
          moments2: pick('moment2/'),
          learningRate: tf.scalar(learningRate),
          biasCorrection1: inputs['biasCorrection1']!,
          biasCorrection2: inputs['biasCorrection2']!,
          beta1,
          beta2,
          weightDecay,
        });
        return {
          state: {
            ...next.parameters,
            ...renamed('moment1/', next.moments1),
            ...renamed('moment2/', next.moments2),
          },
          outputs: { loss: value },
        };
      },
    },
    store,
  );
  let updates = 0;
  return {
    name: options.backend ?? 'compiled',
    async step() {
      const corrections = biasCorrections(++updates, beta1, beta2);
      const started = performance.now();
      const { loss } = await step.run({
        ...model.batch,
        biasCorrection1: scalar(corrections.biasCorrection1),
        biasCorrection2: scalar(corrections.biasCorrection2),
      });
      return { milliseconds: performance.now() - started, loss: loss!.data[0]! };
    },
    peakMemory: async () => process.resourceUsage().maxRSS * 1024,
    profile: () => engine.profile(),
    close: () => engine.dispose(),
  };
}

function initialState(parameters: HostTensors): HostTensors {
  const zeros = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [
      name,
      float32(shape, new Float32Array(elementCount(shape))),
    ]),
  );
  return { ...parameters, ...renamed('moment1/', zeros), ...renamed('moment2/', zeros) };
}

function renamed<T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]),
  );
}
