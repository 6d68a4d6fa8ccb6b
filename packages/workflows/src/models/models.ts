import { isModelDirectory } from '@ar-distill/checkpoints';
import type {
  ConditionalScoreTeacher,
  ImageTokenizer,
  Preset,
  TeacherSamplingOptions,
  VelocityNetwork,
} from '@ar-distill/core';
import type { ParameterSpecs } from '@ar-distill/nn';
import type { HostTensors, TensorSource } from '@ar-distill/program';
import { describeModelDirectory } from '@ar-distill/runs';
import type { Decoder } from '../sample/image-sources';
import { mergeTrees, type Tree } from '../settings/merge';
import type { RecipeContext } from '../types';
import { openWeights, type WeightsSource } from './weights-source';

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
  readonly network: VelocityNetwork;
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

/** What of a preset's networks is needed. */
export interface LoadOptions {
  /** Without it the weights of the teacher are not read, and need not be there; default true. */
  readonly teacherWeights?: boolean;
}

/**
 * Teacher and tokenizer of a preset, read tensor by tensor where they lie in a model directory. What
 * their files state of the architecture comes before the preset's. A model directory that is given as
 * the teacher serves as the tokenizer, too, when it holds one and no other is given.
 */
export async function loadPresetModels(
  context: RecipeContext,
  files: ModelFiles = {},
  { teacherWeights: needsTeacher = true }: LoadOptions = {},
): Promise<PresetModels> {
  const { plugin } = context;
  const preset = presetOf(context);
  const hasParameters =
    Object.keys(plugin.createTeacher(preset.architecture, preset.teacherSampling).parameterSpecs)
      .length > 0;
  const teacherFile = files.teacher ?? preset.weights?.teacher;
  const opened: WeightsSource[] = [];
  const openFile = async (
    kind: 'teacher' | 'tokenizer',
    file: string | undefined,
  ): Promise<WeightsSource> => {
    const source = await openNamed(context, kind, file);
    opened.push(source);
    return source;
  };
  try {
    const tokenizerSource = plugin.createTokenizer
      ? await openFile('tokenizer', await tokenizerFileOf(preset, files))
      : undefined;
    const teacherSource =
      hasParameters && (needsTeacher || teacherFile !== undefined)
        ? await openFile('teacher', teacherFile)
        : undefined;
    const architecture = layeredArchitecture(context, preset, [tokenizerSource, teacherSource]);
    const sampling = preset.teacherSampling;
    const teacher = plugin.createTeacher(architecture, sampling);
    const tokenizer = plugin.createTokenizer?.(architecture);
    const sources = opened.toReversed().map(({ tensors }) => tensors);
    return {
      preset,
      architecture,
      sampling,
      teacher,
      teacherWeights: needsTeacher
        ? await readParameters('teacher', teacher.parameterSpecs, sources)
        : {},
      network: plugin.createNetwork(architecture),
      ...(tokenizer && tokenizerSource
        ? {
            tokenizer: {
              tokenizer,
              weights: await readParameters('tokenizer', tokenizer.parameterSpecs, [
                tokenizerSource.tensors,
              ]),
              provenance: tokenizerSource.provenance,
            },
          }
        : {}),
    };
  } finally {
    for (const source of opened) await source.close();
  }
}

async function tokenizerFileOf(
  preset: Preset<unknown>,
  files: ModelFiles,
): Promise<string | undefined> {
  if (files.tokenizer !== undefined) return files.tokenizer;
  if (files.teacher !== undefined && isModelDirectory(files.teacher)) {
    const { components } = await describeModelDirectory(files.teacher);
    if (components.some(({ kind }) => kind === 'tokenizer')) return files.teacher;
  }
  return preset.weights?.tokenizer;
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
  const source = await openNamed(context, 'tokenizer', file ?? preset.weights?.tokenizer);
  try {
    const architecture = layeredArchitecture(context, preset, [source]);
    const tokenizer = plugin.createTokenizer(architecture);
    return {
      architecture,
      tokenizer,
      weights: await readParameters('tokenizer', tokenizer.parameterSpecs, [source.tensors]),
      provenance: source.provenance,
    };
  } finally {
    await source.close();
  }
}

async function openNamed(
  { plugin, presetName }: RecipeContext,
  kind: 'teacher' | 'tokenizer',
  file: string | undefined,
): Promise<WeightsSource> {
  if (!file) {
    throw new Error(
      `The preset "${presetName}" ships no ${kind}: give its weights with --${kind} FILE.`,
    );
  }
  return openWeights(plugin, kind, file);
}

/**
 * The architecture that sources of rising precedence state on top of the preset's: one that is complete
 * replaces what is below it, one that holds some keys overrides these.
 */
function layeredArchitecture(
  context: RecipeContext,
  preset: Preset<unknown>,
  sources: readonly (WeightsSource | undefined)[],
): unknown {
  let merged = preset.architecture;
  for (const source of sources) {
    if (source?.architecture === undefined) continue;
    const { architecture, isPartial } = source;
    merged = isPartial ? mergeTrees(merged as Tree, architecture as Tree) : architecture;
  }
  return parseArchitecture(context, merged);
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
    Object.keys(specs).map((name) => [name, findParameter(what, specs, sources, name)[name]!]),
  );
}

/** As `pickParameters`, reading nothing but these parameters. */
export async function readParameters(
  what: string,
  specs: ParameterSpecs,
  sources: readonly TensorSource[],
): Promise<HostTensors> {
  const shapes = sources.map((source) => source.specs);
  const wanted = Object.keys(specs).map((name) => {
    const index = shapes.indexOf(findParameter(what, specs, shapes, name));
    return { name, source: sources[index]! };
  });
  const read: HostTensors = {};
  for (const { name, source } of wanted) Object.assign(read, await source.read([name]));
  return read;
}

/** The first source that has a parameter, which must have the right shape in it. */
function findParameter<T extends Readonly<Record<string, { readonly shape: readonly number[] }>>>(
  what: string,
  specs: ParameterSpecs,
  sources: readonly T[],
  name: string,
): T {
  const found = sources.find((source) => Object.hasOwn(source, name));
  if (!found) {
    throw new Error(
      `The weights of the ${what} lack "${name}": use a file that was made for this preset.`,
    );
  }
  const { shape } = found[name]!;
  const needed = specs[name]!.shape;
  if (shape.join() !== needed.join()) {
    throw new Error(
      `The ${what}'s "${name}" has shape [${shape.join(', ')}] where the preset needs [${needed.join(', ')}]: use a file or preset that fits.`,
    );
  }
  return found;
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
