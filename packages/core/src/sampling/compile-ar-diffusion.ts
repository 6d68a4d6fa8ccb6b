import { float32, int32, type HostTensor, type HostTensors } from '@ar-distill/nn';
import * as tf from '@tensorflow/tfjs';
import type { GuidanceNetwork } from '../model/guidance-network';
import { sequenceLength, stepStarts } from '../model/sequence-layout';
import type { CompiledStep, StepCompiler, StepFunction } from '../ports/step-compiler';
import { sampleArDiffusion } from './ar-diffusion-sampler';
import { CarriedState } from './carried-state';
import { eulerSolve } from './euler-solver';
import { requireFinite, sequencePlace } from './finite';

/** The AR-diffusion model, compiled for batches of one size. */
export interface ArDiffusionSampler {
  /** Evaluations of the backbone per sequence; those of the light head are not counted. */
  readonly evaluations: number;
  /**
   * `noise` [B, n, C] and B labels → sequences [B, n, C], scaled, as `sampleArDiffusion` gives.
   * `firstSample` (default 0) is the number of the first one in errors.
   * @throws NonFiniteError when a sequence is not finite; the next call is not touched by it.
   */
  sample(noise: HostTensor, labels: Int32Array, firstSample?: number): Promise<HostTensor>;
  dispose(): Promise<void>;
}

/** What is compiled. */
export interface ArDiffusionProgram {
  readonly network: GuidanceNetwork;
  readonly weights: Readonly<HostTensors>;
  readonly batchSize: number;
  /** Euler steps per AR step. */
  readonly solverSteps: number;
}

/**
 * Compiles the sampler. AR steps of one length (raster order) become one program that runs once per
 * step, whose size does not grow with their number; steps of several lengths are unrolled.
 */
export async function compileArDiffusion(
  program: ArDiffusionProgram,
  compiler: StepCompiler,
): Promise<ArDiffusionSampler> {
  const { stepLengths } = program.network.layout;
  const isEven = stepLengths.length > 1 && stepLengths.every((own) => own === stepLengths[0]);
  return isEven ? compileIterated(program, compiler) : compileUnrolled(program, compiler);
}

const NAME = 'AR-diffusion model';
/** The model as the start of a sentence. */
const SUBJECT = `The ${NAME}`;

async function compileUnrolled(
  { network, weights, batchSize, solverSteps }: ArDiffusionProgram,
  compiler: StepCompiler,
): Promise<ArDiffusionSampler> {
  const { layout } = network;
  const step = await compiler.compile({
    name: NAME,
    constants: weights,
    inputs: {
      noise: { shape: [batchSize, sequenceLength(layout), layout.channels], dtype: 'float32' },
      labels: { shape: [batchSize], dtype: 'int32' },
    },
    fn: ({ constants, inputs }) => {
      const { noise, labels } = inputs as Record<'noise' | 'labels', tf.Tensor>;
      const data = sampleArDiffusion(network, constants, noise, labels, solverSteps);
      return { outputs: { data } };
    },
  });
  return {
    evaluations: layout.stepLengths.length,
    async sample(noise, labels, firstSample = 0) {
      const data = await dataOf(step, { noise, labels: int32([batchSize], labels) });
      requireFinite(SUBJECT, data, firstSample, sequencePlace(layout));
      return data;
    },
    dispose: () => step.dispose(),
  };
}

async function compileIterated(
  program: ArDiffusionProgram,
  compiler: StepCompiler,
): Promise<ArDiffusionSampler> {
  const { network, weights, batchSize } = program;
  const { channels, stepLengths } = network.layout;
  const steps = stepLengths.length;
  const stepLength = stepLengths[0]!;
  const length = steps * stepLength;
  const perStep = stepLength * channels;
  const initial = (): HostTensors => ({
    sequence: float32(
      [batchSize, length, channels],
      new Float32Array(batchSize * length * channels),
    ),
  });
  // What a batch leaves behind counts for nothing: features depend on earlier AR steps only.
  const store = await compiler.createStore(initial());
  const carried = new CarriedState(store, initial);
  const step = await compiler.compile(
    {
      name: NAME,
      fn: oneArStep(program),
      state: ['sequence'],
      constants: weights,
      inputs: {
        noise: { shape: [batchSize, stepLength, channels], dtype: 'float32' },
        labels: { shape: [batchSize], dtype: 'int32' },
        start: { shape: [], dtype: 'int32' },
      },
      iterations: steps,
    },
    store,
  );
  const start = int32([steps], Int32Array.from(stepStarts(network.layout)));
  return {
    evaluations: steps,
    async sample(noise, labels, firstSample = 0) {
      const repeated = Int32Array.from({ length: steps * batchSize }, (_, i) => {
        return labels[i % batchSize]!;
      });
      return carried.use(async () => {
        const data = await dataOf(step, {
          noise: float32(
            [steps, batchSize, stepLength, channels],
            exchangeAxes(noise.data, batchSize, steps, perStep),
          ),
          labels: int32([steps, batchSize], repeated),
          start,
        });
        const sequences = float32(
          [batchSize, length, channels],
          exchangeAxes(data.data, steps, batchSize, perStep),
        );
        requireFinite(SUBJECT, sequences, firstSample, sequencePlace(network.layout));
        return sequences;
      });
    },
    async dispose() {
      await step.dispose();
      await store.dispose();
    },
  };
}

/** Draws the AR step at position `start` and puts it into the sequence. */
function oneArStep({ network, solverSteps }: ArDiffusionProgram): StepFunction {
  const { stepLengths } = network.layout;
  const length = sequenceLength(network.layout);
  return ({ state, constants, inputs }) => {
    const { noise, labels, start } = inputs as Record<'noise' | 'labels' | 'start', tf.Tensor>;
    const { sequence } = state as { sequence: tf.Tensor };
    const batch = noise.shape[0]!;
    const rows = tf.range(0, stepLengths[0]!, 1, 'int32').add(start).toInt();
    const here = tf.oneHot(rows as tf.Tensor1D, length, 1, 0, 'float32');
    // [B, L, n]: products with one-hot rows take and put the step's positions.
    const selection = tf.tile(here.expandDims(0), [batch, 1, 1]);
    const features = network.features(constants, sequence, labels);
    const own = tf.matMul(selection, features);
    const data = eulerSolve(
      (xT, t) =>
        tf.squeeze(
          network.velocity(constants, own, tf.expandDims(xT, 0), tf.expandDims(t, 0)),
          [0],
        ),
      noise,
      solverSteps,
    );
    const others = tf.sub(1, here.sum(0).reshape([1, length, 1]));
    const placed = tf.matMul(selection, data, true, false);
    return { state: { sequence: sequence.mul(others).add(placed) }, outputs: { data } };
  };
}

async function dataOf(step: CompiledStep, inputs: Readonly<HostTensors>): Promise<HostTensor> {
  const { data } = (await step.run(inputs)) as { data: HostTensor };
  return data;
}

/** [a, b, size] → [b, a, size], row-major values. */
function exchangeAxes(values: ArrayLike<number>, a: number, b: number, size: number): Float32Array {
  const result = new Float32Array(a * b * size);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const from = (i * b + j) * size;
      const to = (j * a + i) * size;
      for (let c = 0; c < size; c++) result[to + c] = values[from + c]!;
    }
  }
  return result;
}
