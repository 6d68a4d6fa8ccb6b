import * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import type { HostTensors, Rng, StepCompiler } from '@ar-distill/program';
import { diffusionLoss } from '../../losses/diffusion-loss';
import { gtsLoss } from '../../losses/gts-loss';
import type {
  ConditionalScoreTeacher,
  TeacherCondition,
} from '../../model/conditional-score-teacher';
import { sequenceLength } from '../../model/sequence-layout';
import type { VelocityNetwork } from '../../model/velocity-network';
import { progressiveEmaDecay } from '../../optimization/ema-schedule';
import { learningRateSchedule } from '../../optimization/learning-rate';
import { type Objective, OptimizerStep } from '../../optimization/optimizer-step';
import { ParameterGroup } from '../../optimization/parameter-group';
import { runStage, type TrainingEnvironment } from '../../optimization/training-loop';
import { drawNoise, drawTimesteps } from '../../sampling/draws';
import { poolBatch, type TeacherPool } from '../../sampling/teacher-pool';
import { interpolate } from '../../score/rectified-flow';
import { microBatchSize } from './distillation-batches';
import type { DistillationSettings } from './distillation-settings';

/** What stage 1 works on. */
export interface TuningSubject {
  readonly teacher: ConditionalScoreTeacher;
  readonly teacherWeights: Readonly<HostTensors>;
  readonly network: VelocityNetwork;
  readonly pool: TeacherPool;
  readonly settings: DistillationSettings;
}

/** Names of the two parts in metrics and checkpoints. */
export const TUNING_STAGES = { head: 'tuning-head', full: 'tuning' } as const;

/**
 * Stage 1 (DD2, Algorithm 1): turns the teacher's backbone with a fresh head into an AR-diffusion
 * model by the ground-truth score loss, first the head alone, then everything. The result starts
 * both the generator and the guidance network. Finished parts are loaded from the run.
 */
export async function tuneNetwork(
  subject: TuningSubject,
  compiler: StepCompiler,
  rng: Rng,
  environment: TrainingEnvironment,
): Promise<HostTensors> {
  const { network, settings, teacherWeights } = subject;
  const fresh = network.initializeFromTeacher(teacherWeights, rng);
  const head = await tunePart(
    subject,
    {
      stage: TUNING_STAGES.head,
      iterations: settings.tuning.headIterations,
      initial: fresh,
      isTrained: (name) => network.isTrainable(name) && network.isHeadParameter(name),
    },
    compiler,
    rng,
    environment,
  );
  return tunePart(
    subject,
    {
      stage: TUNING_STAGES.full,
      iterations: settings.tuning.fullIterations,
      initial: head,
      isTrained: (name) => network.isTrainable(name),
    },
    compiler,
    rng,
    environment,
  );
}

interface TuningPart {
  readonly stage: string;
  readonly iterations: number;
  readonly initial: HostTensors;
  readonly isTrained: (name: string) => boolean;
}

async function tunePart(
  subject: TuningSubject,
  { stage, iterations, initial, isTrained }: TuningPart,
  compiler: StepCompiler,
  rng: Rng,
  environment: TrainingEnvironment,
): Promise<HostTensors> {
  const finished = await environment.run.loadArrays(stage);
  if (finished) return finished;
  if (iterations === 0) return initial;
  const { settings, pool, network, teacherWeights } = subject;
  const { tuning, tMin } = settings;
  const { accumulation, noiseDraws } = tuning;
  const size = microBatchSize(tuning);
  const n = sequenceLength(network.layout);
  const C = network.layout.channels;
  const group = new ParameterGroup('network', initial, {
    isTrained,
    ema: true,
    accumulates: accumulation > 1,
  });
  const store = await compiler.createStore(group.initialState());
  const step = await OptimizerStep.compile(compiler, store, {
    name: stage,
    group,
    constants: teacherWeights,
    inputs: {
      sequence: { shape: [size, n, C], dtype: 'float32' },
      labels: { shape: [size], dtype: 'int32' },
      t: { shape: [noiseDraws, size, n], dtype: 'float32' },
      noise: { shape: [noiseDraws, size, n, C], dtype: 'float32' },
    },
    objective: tuningObjective(subject),
    microBatches: accumulation,
    settings,
  });
  const learningRate = learningRateSchedule({
    peak: tuning.learningRate,
    initial: settings.initialLearningRate,
    warmUpFraction: settings.warmUpFraction,
    decay: settings.learningRateDecay,
    finalFraction: settings.finalLearningRateFraction,
    iterations,
  });
  const seconds = await runStage(
    {
      name: stage,
      iterations,
      checkpointInterval: settings.checkpointInterval,
      prepare: (iteration): HostTensors[] =>
        Array.from({ length: accumulation }, (_, i) => {
          const number = iteration * accumulation + i;
          const first = number * noiseDraws;
          const rows = rng.integers(`${stage}/rows`, number, size, pool.labels.data.length);
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
  const tuned = await group.weights(store, true);
  await environment.run.saveArrays(stage, tuned);
  environment.progress.message(`${stage}: ${iterations} updates in ${seconds.toFixed(1)} s`);
  await step.dispose();
  await store.dispose();
  return tuned;
}

/** Ground-truth score loss on teacher sequences, or its ablation, the plain diffusion loss. */
function tuningObjective({ teacher, network, settings }: TuningSubject): Objective {
  return ({ constants, inputs }) => {
    const { sequence, labels, t, noise } = inputs as Record<
      'sequence' | 'labels' | 't' | 'noise',
      tf.Tensor
    >;
    const data = sequence.expandDims(0);
    const xT = interpolate(data, noise, t);
    const predict = (parameters: Parameters): tf.Tensor =>
      network.velocity(parameters, network.features(parameters, sequence, labels), xT, t);
    if (settings.tuning.loss === 'diffusion') {
      return (parameters) => diffusionLoss({ velocity: predict(parameters), data, noise });
    }
    const condition = teacher.condition(constants, sequence, labels);
    const teacherDenoised = denoisedDraws(teacher, condition, xT, t);
    return (parameters) => gtsLoss({ velocity: predict(parameters), teacherDenoised, xT, t });
  };
}

/** f_Φ for every noise draw [m, B, n, C]: the prefix was read once. */
function denoisedDraws(
  teacher: ConditionalScoreTeacher,
  condition: TeacherCondition,
  xT: tf.Tensor,
  t: tf.Tensor,
): tf.Tensor {
  const times = tf.unstack(t);
  return tf.stack(tf.unstack(xT).map((x, draw) => teacher.denoised(condition, x, times[draw]!)));
}
