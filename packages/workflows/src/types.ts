import type { PluginDefinition, ProgressReporter } from '@ar-distill/core';
import type { AdaptationSettingsInput, DistillationSettingsInput } from '@ar-distill/core/methods';
import type { SupervisedSettings } from '@ar-distill/core/optimization';
import type { SpeedComparison } from '@ar-distill/metrics';
import type { StepCompiler } from '@ar-distill/program';

/** What every recipe works with. */
export interface BaseRecipeContext {
  readonly compiler: StepCompiler;
  readonly progress: ProgressReporter;
  /** Aborted by Ctrl-C: finish the step, save and return by throwing. */
  readonly signal: AbortSignal;
  /** Writes one line of results for the user. */
  print(line: string): void;
}

/** What a recipe that works on a plugin's preset gets. */
export interface RecipeContext extends BaseRecipeContext {
  readonly plugin: PluginDefinition;
  /** Name of one of the plugin's presets. */
  readonly presetName: string;
}

/** Some of the keys of `T`, at every depth. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** Settings of a distillation that override the preset's. */
export type DistillationOverrides = DeepPartial<DistillationSettingsInput>;
/** Settings of an adaptation that override the preset's. */
export type AdaptationOverrides = DeepPartial<AdaptationSettingsInput>;
/** Settings of a supervised training that override the preset's. */
export type SupervisedOverrides = Partial<SupervisedSettings>;

/** Options of the supervised trainings. */
export interface SupervisedOptions {
  /** Folder that run directories are made in; default `runs`. */
  readonly out?: string;
  readonly seed?: number;
  readonly iterations?: number;
  readonly batchSize?: number;
  /** Run directory to go on with. */
  readonly resume?: string;
  readonly settings?: SupervisedOverrides;
}

export interface TeacherOptions extends SupervisedOptions {
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string;
}

export interface AdaptOptions {
  /** Folder that run directories are made in; default `runs`. */
  readonly out?: string;
  /** Run directory to go on with. */
  readonly resume?: string;
  /** Weights of the teacher; default: those that ship with the preset. */
  readonly teacher?: string;
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string;
  /** Fine-tune on this data set instead of sequences that the teacher draws. */
  readonly data?: 'mnist';
  /** Images that both teachers are measured with; default 10,000. */
  readonly samples?: number;
  readonly settings?: AdaptationOverrides;
}

export interface DistillOptions {
  /** Folder that run directories are made in; default `runs`. */
  readonly out?: string;
  /** Name in the run directory; default: the preset's. */
  readonly name?: string;
  /** Run directory to go on with. */
  readonly resume?: string;
  /** Weights of the teacher; default: those that ship with the preset. */
  readonly teacher?: string;
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string;
  /** Run directory whose tuned (stage 1) weights are used again. */
  readonly stage1?: string;
  /** A run of a minute or two that shows that everything works. */
  readonly quick?: boolean;
  /** Measure the result and write a report; default true. */
  readonly report?: boolean;
  /** Samples that the report is measured with; default 10,000. */
  readonly samples?: number;
  readonly settings?: DistillationOverrides;
}

export interface SampleOptions {
  /** Run directory or file; default: the latest distillation, else the generator that ships. */
  readonly weights?: string;
  /** Sample the teacher AR step by AR step instead; text names its weights, as `--teacher` does. */
  readonly teacher?: boolean | string;
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string;
  readonly count: number;
  /** Labels to draw, taken in turn; default: all classes. */
  readonly classes?: readonly number[];
  readonly seed: number;
  /** PNG file of the grid. */
  readonly out: string;
  /** Also keep the images in this .npz file. */
  readonly npz?: string;
  /** Replace every code vector by the nearest code before decoding. */
  readonly snap?: boolean;
  /** The last AR steps that the teacher samples again (DD2, algorithm 4). */
  readonly teacherSteps?: number;
}

export interface EvaluateOptions {
  /** Run directory or file; default: the latest distillation, else the generator that ships. */
  readonly weights?: string;
  /** Measure the teacher's samples instead; text names its weights. */
  readonly teacher?: boolean | string;
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string;
  /** Measure the tokenizer's reconstructions of the test set instead. */
  readonly reconstruction?: boolean;
  /** Measure the images of this .npz file instead. */
  readonly npz?: string;
  readonly samples?: number;
  readonly seed?: number;
}

export interface SpeedOptions {
  /** Text names the teacher's weights. */
  readonly teacher?: boolean | string;
  /** Weights of the tokenizer; default: those that ship with the preset. */
  readonly tokenizer?: string;
  /** Run directory or file; default: the latest distillation, else the generator that ships. */
  readonly weights?: string;
  readonly seed?: number;
}

/** Where a training left its results. */
export interface TrainingResult {
  /** Run directory. */
  readonly run: string;
  /** Weights file. */
  readonly weights: string;
}

/** What the import works with; no network is run. */
export interface ImportContext extends Omit<BaseRecipeContext, 'compiler'> {
  /** All that are installed. */
  readonly plugins: readonly PluginDefinition[];
}

export interface ImportOptions {
  readonly files: readonly string[];
  /** Name of the plugin that the files must belong to; default: whoever knows them. */
  readonly plugin?: string | undefined;
  /** Dotted path of the state dict inside the checkpoints that alone is looked at. */
  readonly key?: string | undefined;
  /** Model directory; default: named after what was found, under `models`. */
  readonly out?: string | undefined;
  /** JSON or YAML file with keys of the architecture that tensors do not tell. */
  readonly config?: string | undefined;
}

/** The recipes behind the commands. */
export interface Recipes {
  importCheckpoints(
    context: ImportContext,
    options: ImportOptions,
  ): Promise<{ readonly folder: string }>;
  trainTokenizer(context: RecipeContext, options: SupervisedOptions): Promise<TrainingResult>;
  trainTeacher(context: RecipeContext, options: TeacherOptions): Promise<TrainingResult>;
  trainClassifier(context: BaseRecipeContext, options: SupervisedOptions): Promise<TrainingResult>;
  adapt(context: RecipeContext, options: AdaptOptions): Promise<TrainingResult>;
  distill(
    context: RecipeContext,
    options: DistillOptions,
  ): Promise<TrainingResult & { readonly report?: string }>;
  sampleImages(
    context: RecipeContext,
    options: SampleOptions,
  ): Promise<{ readonly secondsPerImage: number }>;
  evaluateModel(
    context: RecipeContext,
    options: EvaluateOptions,
  ): Promise<{ readonly fid: number; readonly classAccuracy: number }>;
  measureSpeed(context: RecipeContext, options: SpeedOptions): Promise<readonly SpeedComparison[]>;
}
