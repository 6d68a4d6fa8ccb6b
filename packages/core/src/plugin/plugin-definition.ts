import type { z } from 'zod';
import type { HostTensor, HostTensors } from '@ar-distill/program';
import type { AdaptationSettings } from '../methods/adaptation/adaptation-settings';
import type { DistillationSettings } from '../methods/csd/distillation-settings';
import type {
  ConditionalScoreTeacher,
  TeacherSamplingOptions,
} from '../model/conditional-score-teacher';
import type { ImageTokenizer } from '../model/image-tokenizer';
import type { VelocityNetwork } from '../model/velocity-network';
import type { SupervisedSettings } from '../optimization/supervised-settings';
import type { SupervisedTask } from '../optimization/supervised-task';
import type { CheckpointListing, RecognizedPart } from './checkpoint-recognition';
import type { TeacherAdaptation } from './teacher-adaptation';

/** Version of the contract below; a plugin built for another one is refused with a sentence. */
export const PLUGIN_CONTRACT_VERSION = 1;

/** A named, complete choice of settings. */
export interface Preset<A> {
  readonly summary: string;
  /** Sizes and options of the networks, in the plugin's own terms. */
  readonly architecture: A;
  readonly teacherSampling: TeacherSamplingOptions;
  readonly distillation: DistillationSettings;
  /** Set when the plugin's teachers need an adaptation. */
  readonly adaptation?: AdaptationSettings;
  /** Set when the teacher can be trained on a data set that the CLI knows. */
  readonly training?: {
    readonly dataset: 'mnist';
    readonly tokenizer: SupervisedSettings;
    readonly teacher: SupervisedSettings;
  };
  /** Absolute paths of weights that ship with the plugin (safetensors). */
  readonly weights?: {
    readonly tokenizer?: string;
    readonly teacher?: string;
    /** A generator that this preset's distillation gave. */
    readonly generator?: string;
  };
}

/** Everything a backbone plugin offers; made of factories, so nothing happens on import. */
export interface PluginDefinition<A = unknown> {
  readonly contractVersion: typeof PLUGIN_CONTRACT_VERSION;
  /** Short name: `var` for `@ar-distill/plugin-var`. */
  readonly name: string;
  readonly summary: string;
  /** Validates an architecture that a config file gives. */
  readonly architectureSchema: z.ZodType<A>;
  readonly presets: Readonly<Record<string, Preset<A>>>;
  /** Absent when sequences are not images (tabular teachers). */
  createTokenizer?(architecture: A): ImageTokenizer;
  createTeacher(architecture: A, sampling: TeacherSamplingOptions): ConditionalScoreTeacher;
  /** The architecture that θ and ψ share. */
  createNetwork(architecture: A): VelocityNetwork;
  /**
   * Figures of merit of generated `sequences` [N, n, C] (scaled), where the plugin knows any better
   * than those of images: for a tabular teacher, the distance from its exact distribution.
   */
  measureSequences?(architecture: A, sequences: HostTensor): Readonly<Record<string, number>>;
  /** Training of the tokenizer and of the teacher on labelled images. */
  createTokenizerTask?(architecture: A): SupervisedTask;
  createTeacherTask?(architecture: A): SupervisedTask;
  /**
   * Says which state dicts of a checkpoint of the original project are networks of this plugin; none
   * when they are of another family. Where a network is there twice, the better one comes alone.
   * @throws Error with half a sentence ("the VAR transformer lacks …") when a state dict is of this
   *   family but incomplete, or its architecture does not follow from what is known.
   */
  recognizeCheckpoint?(listing: CheckpointListing): readonly RecognizedPart[];
  /** The architecture after training the tokenizer: what depends on its codes, such as codeScale. */
  fitTokenizer?(architecture: A, tokenizerWeights: Readonly<HostTensors>): A;
  /** Set in families whose official teachers read tokens instead of code vectors. */
  readonly adaptation?: TeacherAdaptation<A>;
}

/** Gives every plugin the same form: fills the contract version and checks the names. */
export function definePlugin<A>(
  definition: Omit<PluginDefinition<A>, 'contractVersion'>,
): PluginDefinition<A> {
  if (!/^[a-z][a-z0-9-]*$/.test(definition.name)) {
    throw new Error(
      `The plugin name "${definition.name}" must be lower-case letters, digits and hyphens.`,
    );
  }
  return { ...definition, contractVersion: PLUGIN_CONTRACT_VERSION };
}
