import type { HostTensor, HostTensors } from '@ar-distill/program';
import type { z } from 'zod';
import type {
  ConditionalScoreTeacher,
  TeacherSamplingOptions,
} from '../model/conditional-score-teacher';
import type { FlowMapNetwork } from '../model/flow-map-network';
import type { ImageTokenizer } from '../model/image-tokenizer';
import type { OneStepGenerator } from '../model/one-step-generator';
import type { VelocityNetwork } from '../model/velocity-network';
import type { SupervisedTask } from '../optimization/supervised-task';
import type { CheckpointListing, OfficialSettings, RecognizedPart } from './checkpoint-recognition';
import type { TeacherAdaptation } from './teacher-adaptation';

/** A family of AR teachers, and the one-step generators that are distilled from them. */
export interface Backbone<A = unknown> {
  /** Short and unique among all installed plugins: `var`. */
  readonly name: string;
  readonly summary: string;
  /** Validates an architecture: sizes and options of the networks, in the family's own terms. */
  readonly architectureSchema: z.ZodType<A>;
  /**
   * Sizes of networks of a few thousand parameters that have every part of the family: what the
   * conformance kit runs with, in seconds; with the smallest preset when left out.
   */
  readonly smallArchitecture?: A;
  /** Absent when sequences are not images (tabular teachers). */
  createTokenizer?(architecture: A): ImageTokenizer;
  createTeacher(architecture: A, sampling: TeacherSamplingOptions): ConditionalScoreTeacher;
  /** The network of ψ and of the AR-diffusion model. */
  createNetwork(architecture: A): VelocityNetwork;
  /** θ; an `ArDiffusionGenerator` over `createNetwork` when left out. */
  createGenerator?(architecture: A): OneStepGenerator;
  /** The network that Distilled Decoding 1 trains. */
  createFlowMapNetwork?(architecture: A): FlowMapNetwork;
  /**
   * Figures of merit of generated `sequences` [N, n, C] (scaled), where the family knows any better
   * than those of images: for a tabular teacher, the distance from its exact distribution.
   */
  measureSequences?(architecture: A, sequences: HostTensor): Readonly<Record<string, number>>;
  /** Training of the tokenizer; batches hold `images` [B, H, W, channels] in [−1, 1]. */
  createTokenizerTask?(architecture: A): SupervisedTask;
  /** Batches hold `tokens` [B, n] int32 and the condition as `conditionInputs` names it. */
  createTeacherTask?(architecture: A): SupervisedTask;
  /**
   * Says which state dicts of a checkpoint of the original project are networks of this family; none
   * when they are of another one. Where a network is there twice, the better one comes alone.
   * @throws Error with half a sentence ("the VAR transformer lacks …") when a state dict is of this
   *   family but incomplete, or its architecture does not follow from what is known.
   */
  recognizeCheckpoint?(listing: CheckpointListing): readonly RecognizedPart[];
  /**
   * What the original project calls the keys of the architecture. With it a key of the user's config that
   * is neither known here nor in the architecture is refused.
   */
  readonly officialSettings?: OfficialSettings;
  /**
   * An architecture whose parts come from several files, with what follows from teacher and tokenizer
   * together (the size of the image) set; whatever that needs may still be missing.
   */
  completeArchitecture?(
    architecture: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>>;
  /** The architecture after training the tokenizer: what depends on its codes, such as codeScale. */
  fitTokenizer?(architecture: A, tokenizerWeights: Readonly<HostTensors>): A;
  /**
   * Absolute paths of Python files with the generator and the decoder in PyTorch, which exports write in this order
   * behind what all families share (`assets` of `workflows`); without them they have no PyTorch program.
   */
  readonly pytorchFiles?: readonly string[];
  /** The same for a method that makes generators of its own (`createGenerator` there), by its name. */
  readonly pytorchFilesOfMethods?: Readonly<Record<string, readonly string[]>>;
  /** Set in families whose official teachers read tokens instead of code vectors. */
  readonly adaptation?: TeacherAdaptation<A>;
}
