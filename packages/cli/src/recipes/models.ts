import { readCheckpoint } from '@ar-distill/checkpoints';
import type {
  ConditionalScoreTeacher,
  GuidanceNetwork,
  ImageTokenizer,
  Preset,
  TeacherSamplingOptions,
} from '@ar-distill/core';
import type { HostTensors, ParameterSpecs } from '@ar-distill/nn';
import { loadModel } from '@ar-distill/runs';
import type { Decoder } from './image-sources';
import type { RecipeContext } from './types';

/** Weights files that stand in for those of the preset. */
export interface ModelFiles {
  readonly teacher?: string | undefined;
  readonly tokenizer?: string | undefined;
}

/** A tokenizer with its weights and what its training recorded. */
export interface LoadedTokenizer {
  readonly tokenizer: ImageTokenizer;
  readonly weights: HostTensors;
  readonly provenance: Readonly<Record<string, string | number>>;
}

/** The networks of a preset with their weights. */
export interface PresetModels {
  readonly preset: Preset<unknown>;
  readonly architecture: unknown;
  readonly sampling: TeacherSamplingOptions;
  readonly teacher: ConditionalScoreTeacher;
  readonly teacherWeights: HostTensors;
  /** Absent when the plugin's sequences are not images. */
  readonly tokenizer?: LoadedTokenizer;
  /** Architecture that generator and guidance network share. */
  readonly network: GuidanceNetwork;
}

/** The preset that the command named. */
export function presetOf({ plugin, presetName }: RecipeContext): Preset<unknown> {
  const preset = plugin.presets[presetName];
  if (!preset) {
    throw new Error(
      `The plugin "${plugin.name}" has no preset "${presetName}"; it has ${Object.keys(plugin.presets).join(', ')}.`,
    );
  }
  return preset;
}

/**
 * Teacher and tokenizer of a preset. The architecture comes from the teacher's file when it was
 * written by AR-Distill, else (official checkpoints) from the preset.
 */
export async function loadPresetModels(
  context: RecipeContext,
  files: ModelFiles = {},
): Promise<PresetModels> {
  const { plugin } = context;
  const preset = presetOf(context);
  const tokenizerFile = plugin.createTokenizer
    ? await readWeights(context, 'tokenizer', files.tokenizer ?? preset.weights?.tokenizer)
    : undefined;
  const needsWeights =
    Object.keys(plugin.createTeacher(preset.architecture, preset.teacherSampling).parameterSpecs)
      .length > 0;
  const teacherFile = needsWeights
    ? await readWeights(context, 'teacher', files.teacher ?? preset.weights?.teacher)
    : undefined;
  const architecture = parseArchitecture(
    context,
    teacherFile?.architecture ?? tokenizerFile?.architecture ?? preset.architecture,
  );
  const sampling = preset.teacherSampling;
  const teacher = plugin.createTeacher(architecture, sampling);
  const tokenizer = plugin.createTokenizer?.(architecture);
  return {
    preset,
    architecture,
    sampling,
    teacher,
    teacherWeights: pickParameters('teacher', teacher.parameterSpecs, [
      teacherFile?.tensors ?? {},
      tokenizerFile?.tensors ?? {},
    ]),
    network: plugin.createNetwork(architecture),
    ...(tokenizer && tokenizerFile
      ? {
          tokenizer: {
            tokenizer,
            weights: pickParameters('tokenizer', tokenizer.parameterSpecs, [tokenizerFile.tensors]),
            provenance: tokenizerFile.provenance,
          },
        }
      : {}),
  };
}

/** The tokenizer of a preset alone, with the architecture that its file states. */
export async function loadTokenizer(
  context: RecipeContext,
  file?: string,
): Promise<LoadedTokenizer & { readonly architecture: unknown }> {
  const { plugin } = context;
  const preset = presetOf(context);
  if (!plugin.createTokenizer) {
    throw new Error(`The plugin "${plugin.name}" has no tokenizer: its sequences are not images.`);
  }
  const read = await readWeights(context, 'tokenizer', file ?? preset.weights?.tokenizer);
  const architecture = parseArchitecture(context, read.architecture ?? preset.architecture);
  const tokenizer = plugin.createTokenizer(architecture);
  return {
    architecture,
    tokenizer,
    weights: pickParameters('tokenizer', tokenizer.parameterSpecs, [read.tensors]),
    provenance: read.provenance,
  };
}

interface WeightsFile {
  readonly tensors: HostTensors;
  /** As the file states it; undefined in checkpoints of other projects. */
  readonly architecture?: unknown;
  readonly provenance: Readonly<Record<string, string | number>>;
}

async function readWeights(
  { plugin, presetName }: RecipeContext,
  kind: 'teacher' | 'tokenizer',
  file: string | undefined,
): Promise<WeightsFile> {
  if (!file) {
    throw new Error(
      `The preset "${presetName}" ships no ${kind}: give its weights with --${kind} FILE.`,
    );
  }
  if (!file.endsWith('.safetensors')) {
    return { tensors: (await readCheckpoint(file)).tensors, provenance: {} };
  }
  const { tensors, metadata } = await readCheckpoint(file);
  if (metadata['kind'] === undefined) return { tensors, provenance: {} };
  const model = await loadModel(file, kind);
  if (model.plugin !== plugin.name) {
    throw new Error(
      `"${file}" belongs to the plugin "${model.plugin}", not to "${plugin.name}": name another file or preset.`,
    );
  }
  return model;
}

/** Checks an architecture; throws a sentence that names the key. */
export function parseArchitecture({ plugin }: RecipeContext, architecture: unknown): unknown {
  const result = plugin.architectureSchema.safeParse(architecture);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new Error(
    `The architecture's "${issue.path.join('.')}" does not fit the plugin "${plugin.name}": ${issue.message}.`,
  );
}

/**
 * The parameters that a network needs, each from the first source that has it.
 * @throws Error when one is missing or has another shape.
 */
export function pickParameters(
  what: string,
  specs: ParameterSpecs,
  sources: readonly Readonly<HostTensors>[],
): HostTensors {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const tensor = sources.map((source) => source[name]).find((found) => found !== undefined);
      if (!tensor) {
        throw new Error(
          `The weights of the ${what} lack "${name}": use a file that was made for this preset.`,
        );
      }
      if (tensor.shape.join() !== shape.join()) {
        throw new Error(
          `The ${what}'s "${name}" has shape [${tensor.shape.join(', ')}] where the preset needs [${shape.join(', ')}]: use a file or preset that fits.`,
        );
      }
      return [name, tensor];
    }),
  );
}

/** How the preset's sequences become images; undefined when they do not. */
export function decoderOf({ tokenizer, teacher }: PresetModels, snap = false): Decoder | undefined {
  return (
    tokenizer && {
      tokenizer: tokenizer.tokenizer,
      weights: tokenizer.weights,
      codeScale: teacher.codeScale,
      snap,
    }
  );
}
