import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, TensorSpec } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import { conditionOf } from '../../model/condition';
import type { OneStepGenerator } from '../../model/one-step-generator';
import type { SupervisedTask, TaskLoss } from '../../optimization/supervised-task';
import { trainSupervised } from '../../optimization/supervised-training';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import type {
  DistillationSubject,
  MethodServices,
  MethodStage,
} from '../../plugin/distillation-method';
import {
  type FlowMapPairs,
  MAP_STAGE,
  mapStage,
  pairSpecs,
  requireFlowMap,
} from '../flow-map-pairs';
import { keptArrays } from '../kept-arrays';
import { microBatchSize } from '../micro-batch-size';
import { StageResult } from '../stage-result';
import { TRAINING } from '../stage-work';
import type { DistillationSettings } from './distillation-settings';

/** Name of the stage, and of the weights that the run keeps of it. */
export const REGRESSION_STAGE = 'generator-regression';

/** Stages before stage 2, after which θ starts from their result. */
interface Regression {
  readonly stages: readonly MethodStage[];
  readonly result: StageResult<HostTensors>;
}

/**
 * Training of θ, from the given weights of its own, to give in one step what the teacher's flow map takes its
 * noise to: no part of DD2, but the start of other distillations by scores (CausVid, arXiv 2412.07772, student
 * initialization). Undefined where the settings do not ask for it.
 * @throws Error when the teacher has no flow map, or the batch does not divide into micro-batches.
 */
export function planRegression(
  subject: DistillationSubject<DistillationSettings>,
  initial: () => Readonly<HostTensors>,
  services: MethodServices,
): Regression | undefined {
  const { generator, teacherWeights } = subject;
  const { initialization, regression, seed, checkpointInterval } = subject.settings;
  if (initialization.generator !== 'regressed') return undefined;
  microBatchSize(regression);
  const teacher = requireFlowMap(subject.teacher, 'set "initialization.generator" to "tuned"');
  const pairs = new StageResult<FlowMapPairs>(MAP_STAGE);
  const result = new StageResult<HostTensors>(REGRESSION_STAGE);
  const { compiler, rng } = services;
  const train = async (environment: TrainingEnvironment): Promise<HostTensors> => {
    const { weights, seconds } = await trainSupervised(
      {
        name: REGRESSION_STAGE,
        task: new RegressionTask(generator),
        settings: { ...regression, seed },
        microBatches: regression.accumulation,
        initial: initial(),
        batch: (number, size) =>
          pairs.value.batch(
            rng.integers(`${REGRESSION_STAGE}/rows`, number, size, regression.pairs),
          ),
        checkpointInterval,
      },
      compiler,
      rng,
      environment,
    );
    environment.progress.message(
      `${REGRESSION_STAGE}: ${regression.iterations} updates in ${seconds.toFixed(1)} s`,
    );
    return weights;
  };
  const stages: MethodStage[] = [
    mapStage({ teacher, teacherWeights, settings: regression }, pairs, services),
    {
      name: REGRESSION_STAGE,
      title: 'Regression of the generator',
      work: regression.iterations * regression.batchSize * TRAINING,
      run: async (environment) => {
        const { run } = environment;
        result.give(await keptArrays(run, REGRESSION_STAGE, () => train(environment)));
        pairs.forget();
      },
    },
  ];
  return { stages, result };
}

/** Mean squared error of the generator's vectors against the codes that the noise is mapped to. */
class RegressionTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;

  constructor(private readonly generator: OneStepGenerator) {
    this.parameterSpecs = generator.parameterSpecs;
  }

  isTrainable(name: string): boolean {
    return this.generator.isTrainable(name);
  }

  batchSpecs(batchSize: number): Record<string, TensorSpec> {
    return pairSpecs(this.generator, batchSize);
  }

  evaluate(parameters: Parameters, batch: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const { noise, sequence } = batch as Record<'noise' | 'sequence', tf.Tensor>;
    const vectors = this.generator.generate(parameters, noise, conditionOf(batch));
    const loss = vectors.sub(sequence).square().mean() as tf.Scalar;
    return { loss, metrics: { vectorError: loss } };
  }
}
