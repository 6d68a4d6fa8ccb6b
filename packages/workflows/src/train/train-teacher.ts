import { tokenBatch } from '@ar-distill/core/methods';
import { ShuffledBatches } from '@ar-distill/datasets';
import type { ServiceContainer } from '@ar-distill/di';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadTokenizer } from '../models/preset-models';
import { presetInFile } from '../models/preset-names';
import { resolvePreset, type PresetChoice } from '../models/resolve-preset';
import { readRun, TEACHER_TRAINING, type NetworkFiles } from '../runs/run-kinds';
import { filesOf, networksOf, networksToResume } from '../runs/run-networks';
import { RUN_VERSION } from '../runs/run-version';
import {
  saveTrained,
  trainInRun,
  type SupervisedOptions,
  type TrainingResult,
} from './supervised-run';
import { labelledTokens } from './tokenize';
import { trainingData } from './training-data';

/** Options of `trainTeacher`. */
export interface TrainTeacherOptions extends SupervisedOptions, PresetChoice {
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string | undefined;
}

/** Trains the preset's teacher on the tokens of its data set. */
export async function trainTeacher(
  container: ServiceContainer,
  options: TrainTeacherOptions,
  run: WorkflowOptions = {},
): Promise<TrainingResult> {
  const context = await resolvePreset(openContext(container, run), options);
  const { found } = context;
  const { backbone } = found;
  if (!backbone.createTeacherTask) {
    throw new InvalidOptionError(`The preset "${found.name}" has no teacher to train here.`);
  }
  const { settings, dataset } = await trainingData(context, 'teacher');
  const { resume, tokenizer: given } = options;
  const resumed = resume ? await tokenizerOfRun(context, resume, given) : undefined;
  const file = resumed ? filesOf(resumed).tokenizer : given;
  const { architecture, ...tokenizer } = await loadTokenizer(context, file);
  const networks = resumed ?? tokenizerAlone(await networksOf(context, { tokenizer: file }));
  return trainInRun(
    context,
    {
      kind: TEACHER_TRAINING,
      name: 'teacher',
      slug: `teacher-${found.name}`,
      networks,
      config: (settings) => ({
        version: RUN_VERSION,
        command: 'train teacher',
        plugin: found.plugin,
        preset: found.name,
        ...networks,
        settings,
      }),
      task: backbone.createTeacherTask(architecture),
      settings,
      initial: tokenizer.weights,
      batches: async (rng, { batchSize }) => {
        const sequences = await labelledTokens(context, tokenizer, dataset.train);
        const shuffled = new ShuffledBatches(rng, sequences.tokens.shape[0]!, batchSize);
        return (iteration) => tokenBatch(sequences, shuffled.indices(iteration));
      },
    },
    options,
    async (trained) => ({
      ...(await saveTrained(trained, {
        kind: 'teacher',
        plugin: backbone.name,
        preset: presetInFile(backbone.name, found),
        architecture,
        tensors: trained.weights,
        measured: {},
      })),
      preset: `${found.plugin}:${found.name}`,
      tokenizer: filesOf(networks).tokenizer,
    }),
  );
}

type TokenizerOfRun = Pick<NetworkFiles, 'tokenizer'>;

/** The tokenizer that a run was started with; another would give its teacher other tokens. */
async function tokenizerOfRun(
  context: PresetContext,
  folder: string,
  tokenizer: string | undefined,
): Promise<TokenizerOfRun> {
  const networks = tokenizerAlone(readRun(TEACHER_TRAINING, context, folder, '--resume'));
  return tokenizerAlone(await networksToResume(context, { folder, networks }, { tokenizer }));
}

/** The teacher is what is trained. */
function tokenizerAlone({ tokenizer }: NetworkFiles): TokenizerOfRun {
  return tokenizer === undefined ? {} : { tokenizer };
}
