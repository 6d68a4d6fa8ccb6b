import type { TeacherSamplingOptions } from '../model/conditional-score-teacher';
import type { SupervisedSettings } from '../optimization/supervised-settings';

/** How the images of a preset are measured, by the names under which plugins contribute the parts. */
export interface PresetEvaluation {
  /** Network in whose features images are compared. */
  readonly featureNetwork: string;
  /** Metrics by name; all whose needs the feature network meets when left out. */
  readonly metrics?: readonly string[];
}

/**
 * A named, complete choice of settings. What it needs of other plugins it names: without the plugin
 * of its data set or of its feature network it still distils and samples.
 */
export interface Preset<A = unknown> {
  /** What it is, in a line. */
  readonly summary: string;
  /** Name of the backbone, which may stand in another plugin. */
  readonly backbone: string;
  /** Sizes and options of the networks, in the backbone's own terms. */
  readonly architecture: A;
  /** Guidance and truncation that the teacher draws with, and is scored with. */
  readonly teacherSampling: TeacherSamplingOptions;
  /** Whether its generators' vectors become their nearest codes before they are decoded; reports show both. */
  readonly snap?: boolean;
  /** Settings of distillation methods by the method's name; each is parsed by the method's schema. */
  readonly methods: Readonly<Record<string, unknown>>;
  /** What quick runs have, by the method's name, over `methods` and over the method's quick settings. */
  readonly quick?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Settings of the adaptation, when the backbone's teachers need one; parsed by its schema. */
  readonly adaptation?: unknown;
  /** Name of the data set that teacher and tokenizer are trained on. */
  readonly dataset?: string;
  /** How its images are measured; not at all when left out. */
  readonly evaluation?: PresetEvaluation;
  /** Set when tokenizer and teacher can be trained on the data set. */
  readonly training?: {
    /** Settings of the tokenizer's training. */
    readonly tokenizer: SupervisedSettings;
    /** Settings of the teacher's training. */
    readonly teacher: SupervisedSettings;
  };
  /** Absolute paths of weights that ship with the plugin (safetensors). */
  readonly weights?: {
    /** Of the tokenizer. */
    readonly tokenizer?: string;
    /** Of the teacher. */
    readonly teacher?: string;
    /** A generator that this preset's distillation gave. */
    readonly generator?: string;
  };
}
