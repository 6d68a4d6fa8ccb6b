import type { DiscreteScoreTeacher } from '../../model/discrete-score-teacher';
import type { FlowMapNetwork } from '../../model/flow-map-network';
import { trainSupervised } from '../../optimization/supervised-training';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import type {
  Distillation,
  DistillationMethod,
  DistillationSubject,
  GeneratorSnapshot,
  MethodServices,
} from '../../plugin/distillation-method';
import { type FlowMapPairs, MAP_STAGE, mapStage, requireFlowMap } from '../flow-map-pairs';
import { microBatchSize } from '../micro-batch-size';
import { StageResult } from '../stage-result';
import { TRAINING } from '../stage-work';
import { dd1Rows, plannedDd1Rows } from './dd1-rows';
import { type Dd1Settings, dd1SettingsSchema } from './dd1-settings';
import { flowMapEmission, whyNoEmission } from './emission';
import { FlowMapGenerator } from './flow-map-generator';
import { FlowMapTask } from './flow-map-task';

const TRAINING_STAGE = 'flow-map-training';

/** Distilled Decoding 1 (arXiv 2412.17153): a network learns the flow map of the teacher. */
export const dd1: DistillationMethod<Dd1Settings> = {
  name: 'dd1',
  summary: "regression of the teacher's flow map (Distilled Decoding 1)",
  settingsSchema: dd1SettingsSchema,
  resumable: {
    learningRate: TRAINING_STAGE,
    gradientClip: TRAINING_STAGE,
    checkpointInterval: TRAINING_STAGE,
  },
  quickSettings: { pairs: 2560, iterations: 120, checkpointInterval: 30 },
  createGenerator: (backbone, architecture) =>
    new FlowMapGenerator(requireNetwork(backbone.createFlowMapNetwork?.(architecture))),
  plan: ({ iterations, batchSize, pairs, secondStart }) => ({
    training: [
      { name: 'flow-map network', updates: iterations, sequences: iterations * batchSize },
    ],
    marginals: { size: pairs, setting: 'pairs' },
    rows: plannedDd1Rows(secondStart !== undefined),
  }),
  start,
};

/** What is trained, checked. */
interface Dd1Subject extends DistillationSubject<Dd1Settings> {
  readonly teacher: DiscreteScoreTeacher;
  readonly flowMapNetwork: FlowMapNetwork;
  readonly mapped: FlowMapGenerator;
}

/** The stages: the teacher's flow map at random noise, training on it. */
function start(given: DistillationSubject<Dd1Settings>, services: MethodServices): Distillation {
  const subject = checked(given);
  const { teacherWeights, flowMapNetwork, settings, mapped } = subject;
  const pairs = new StageResult<FlowMapPairs>(MAP_STAGE);
  const trained = new StageResult<GeneratorSnapshot>(TRAINING_STAGE);
  const { iterations, batchSize } = settings;
  return {
    stages: [
      mapStage(subject, pairs, services),
      {
        name: TRAINING_STAGE,
        title: 'Training on the flow map',
        work: iterations * batchSize * TRAINING,
        run: async (environment) =>
          trained.give(await train(subject, pairs.value, services, environment)),
      },
    ],
    outcome: () => ({
      ...trained.value,
      marginals: pairs.value.mapped,
      rows: dd1Rows(mapped, {
        weights: trained.value.weights,
        initial: () => ({
          ...trained.value.weights,
          ...flowMapNetwork.initializeFromTeacher(teacherWeights, services.rng),
        }),
      }),
    }),
  };
}

/** @throws Error when the teacher or the backbone cannot be distilled so, or the settings do not fit the layout. */
function checked(subject: DistillationSubject<Dd1Settings>): Dd1Subject {
  const { settings } = subject;
  const teacher = requireFlowMap(subject.teacher, 'choose another method');
  const flowMapNetwork = requireNetwork(subject.flowMapNetwork);
  microBatchSize(settings);
  const { codeSteps, vectorWeight } = settings;
  const reason = whyNoEmission(teacher.layout, settings);
  if (reason !== undefined) throw new Error(reason);
  const steps = teacher.layout.stepLengths.length;
  if (codeSteps < steps && vectorWeight === 0) {
    throw new Error(
      `AR steps after the first ${codeSteps} would emit vectors that are not trained: set vectorWeight above 0, or codeSteps to ${steps}.`,
    );
  }
  return { ...subject, teacher, flowMapNetwork, mapped: new FlowMapGenerator(flowMapNetwork) };
}

function requireNetwork(network: FlowMapNetwork | undefined): FlowMapNetwork {
  if (network) return network;
  throw new Error('This backbone has no network of Distilled Decoding 1: choose another method.');
}

async function train(
  { teacher, teacherWeights, flowMapNetwork, settings }: Dd1Subject,
  pairs: FlowMapPairs,
  { compiler, rng, onSnapshot }: MethodServices,
  environment: TrainingEnvironment,
): Promise<GeneratorSnapshot> {
  const { iterations, pairs: count, checkpointInterval } = settings;
  const emission = await flowMapEmission(
    teacher.layout,
    { weights: teacherWeights, codebook: (parameters) => teacher.scaledCodebook(parameters) },
    settings,
    compiler,
  );
  const snapshot = (
    iteration: number,
    { weights, seconds }: Pick<GeneratorSnapshot, 'weights' | 'seconds'>,
  ): GeneratorSnapshot => ({
    iteration,
    seconds,
    weights: { ...weights, ...emission },
    total: iterations,
  });
  const trained = await trainSupervised(
    {
      name: TRAINING_STAGE,
      task: new FlowMapTask(flowMapNetwork, settings),
      settings,
      microBatches: settings.accumulation,
      initial: flowMapNetwork.initializeFromTeacher(teacherWeights, rng),
      batch: (number, size) =>
        pairs.batch(rng.integers(`${TRAINING_STAGE}/rows`, number, size, count)),
      checkpointInterval,
      onCheckpoint: async (weights, iteration) => onSnapshot?.(snapshot(iteration, weights)),
    },
    compiler,
    rng,
    environment,
  );
  environment.progress.message(
    `${TRAINING_STAGE}: ${iterations} updates in ${trained.seconds.toFixed(1)} s`,
  );
  return snapshot(iterations, trained);
}
