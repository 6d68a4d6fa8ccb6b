import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import { diffusionLoss } from '../../losses/diffusion-loss';
import { gtsLoss } from '../../losses/gts-loss';
import { conditionOf, conditionSpecs } from '../../model/condition';
import { sequenceLength } from '../../model/sequence-layout';
import { disposing } from '../../optimization/disposing';
import { progressiveEmaDecay } from '../../optimization/ema-schedule';
import { learningRateSchedule } from '../../optimization/learning-rate';
import { type Objective, OptimizerStep } from '../../optimization/optimizer-step';
import { ParameterGroup } from '../../optimization/parameter-group';
import { runStage, type TrainingEnvironment } from '../../optimization/training-loop';
import type { MethodServices } from '../../plugin/distillation-method';
import { drawNoise, drawTimesteps } from '../../sampling/draws';
import { poolBatch } from '../../sampling/teacher-pool';
import { interpolate } from '../../score/rectified-flow';
import type { TuningSubject } from './csd-subject';
import { microBatchSize } from './distillation-batches';
import type { DistillationSettings } from './distillation-settings';

/** Names of the two parts of stage 1. */
export const TUNING_STAGES = { head: 'tuning-head', full: 'tuning' } as const;

/** The head alone, or everything. */
export type TuningPart = keyof typeof TUNING_STAGES;

/** Updates of a part. */
export function tuningIterations(part: TuningPart, { tuning }: DistillationSettings): number {
  return part === 'head' ? tuning.headIterations : tuning.fullIterations;
}

/**
 * A part of stage 1 (DD2, Algorithm 1): turns the teacher's backbone with a fresh head into an
 * AR-diffusion model by the ground-truth score loss, from the given weights of the network. Returns
 * the moving average.
 */
export async function tuneNetwork(
  subject: TuningSubject,
  part: TuningPart,
  initial: Readonly<HostTensors>,
  { compiler, rng }: MethodServices,
  environment: TrainingEnvironment,
): Promise<HostTensors> {
  const { settings, pool, teacher, network, teacherWeights } = subject;
  const { tuning, tMin } = settings;
  const { accumulation, noiseDraws } = tuning;
  const stage = TUNING_STAGES[part];
  const iterations = tuningIterations(part, settings);
  const size = microBatchSize(tuning);
  const n = sequenceLength(network.layout);
  const C = network.layout.channels;
  const group = new ParameterGroup('network', initial, {
    isTrained: (name) =>
      network.isTrainable(name) && (part === 'full' || network.isHeadParameter(name)),
    ema: true,
    accumulates: accumulation > 1,
  });
  const learningRate = learningRateSchedule({
    peak: tuning.learningRate,
    initial: settings.initialLearningRate,
    warmUpFraction: settings.warmUpFraction,
    decay: settings.learningRateDecay,
    finalFraction: settings.finalLearningRateFraction,
    iterations,
  });
  return disposing(async (own) => {
    const store = own(await compiler.createStore(group.initialState()));
    const step = own(
      await OptimizerStep.compile(compiler, store, {
        name: stage,
        group,
        constants: teacherWeights,
        inputs: {
          sequence: { shape: [size, n, C], dtype: 'float32' },
          ...conditionSpecs(teacher.condition, [size]),
          t: { shape: [noiseDraws, size, n], dtype: 'float32' },
          noise: { shape: [noiseDraws, size, n, C], dtype: 'float32' },
        },
        objective: tuningObjective(subject),
        microBatches: accumulation,
        settings,
      }),
    );
    const seconds = await runStage(
      {
        name: stage,
        iterations,
        checkpointInterval: settings.checkpointInterval,
        prepare: (iteration): HostTensors[] =>
          Array.from({ length: accumulation }, (_, i) => {
            const number = iteration * accumulation + i;
            const first = number * noiseDraws;
            const rows = rng.integers(`${stage}/rows`, number, size, pool.sequences.shape[0]!);
            return {
              ...poolBatch(pool, rows),
              t: drawTimesteps(rng, `${stage}/t`, first, noiseDraws, [size, n], tMin),
              noise: drawNoise(rng, `${stage}/noise`, first, noiseDraws, [size, n, C]),
            };
          }),
        step: (batches, iteration) =>
          step.run(batches, [
            {
              learningRate: learningRate(iteration),
              update: iteration + 1,
              emaDecay: progressiveEmaDecay(iteration, tuning.emaDecay),
            },
          ]),
        state: store,
      },
      environment,
    );
    environment.progress.message(`${stage}: ${iterations} updates in ${seconds.toFixed(1)} s`);
    return group.weights(store, true);
  });
}

/** Ground-truth score loss on teacher sequences, or its ablation, the plain diffusion loss. */
function tuningObjective({ teacher, network, settings }: TuningSubject): Objective {
  return ({ constants, inputs }) => {
    const { sequence, t, noise } = inputs as Record<'sequence' | 't' | 'noise', tf.Tensor>;
    const condition = conditionOf(inputs);
    const data = sequence.expandDims(0);
    const xT = interpolate(data, noise, t);
    const predict = (parameters: Parameters): tf.Tensor =>
      network.velocity(parameters, network.features(parameters, sequence, condition), xT, t);
    if (settings.tuning.loss === 'diffusion') {
      return (parameters) => diffusionLoss({ velocity: predict(parameters), data, noise });
    }
    // f_Φ for every noise draw [m, B, n, C]: the prefix is read once.
    const prefix = teacher.read(constants, sequence, condition);
    const times = tf.unstack(t);
    const teacherDenoised = tf.stack(
      tf.unstack(xT).map((x, draw) => teacher.denoised(prefix, x, times[draw]!)),
    );
    return (parameters) => gtsLoss({ velocity: predict(parameters), teacherDenoised, xT, t });
  };
}
