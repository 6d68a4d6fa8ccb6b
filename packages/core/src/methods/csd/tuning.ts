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
import { interpolate } from '../../score/rectified-flow';
import { microBatchSize } from '../micro-batch-size';
import type { TuningSubject } from './csd-subject';
import { timestepDistribution } from './timesteps';
import { TUNING_STAGES, tuningIterations, type TuningPart } from './tuning-parts';
import { openTuningSequences } from './tuning-sequences';

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
  const { settings, teacher, network, teacherWeights } = subject;
  const { tuning } = settings;
  const timesteps = timestepDistribution(settings);
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
    const sequences = own(await openTuningSequences(subject, part, compiler, rng));
    const seconds = await runStage(
      {
        name: stage,
        iterations,
        checkpointInterval: settings.checkpointInterval,
        prepare: async (iteration): Promise<HostTensors[]> =>
          (await sequences.batches(iteration)).map((batch, i) => {
            const first = (iteration * accumulation + i) * noiseDraws;
            return {
              ...batch,
              t: drawTimesteps(rng, `${stage}/t`, first, noiseDraws, [size, n], timesteps),
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
        learningRates: (iteration) => ({ learningRate: learningRate(iteration) }),
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
