import { isModelDirectory } from '@ar-distill/checkpoints';
import {
  ArDiffusionGenerator,
  type Backbone,
  type ConditionalScoreTeacher,
  type FlowMapNetwork,
  type ImageTokenizer,
  type OneStepGenerator,
  type Preset,
  type SequenceGenerator,
  type TeacherSamplingOptions,
  type VelocityNetwork,
} from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import { describeModelDirectory } from '@ar-distill/runs';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { layeredArchitecture } from './architecture';
import { readParameters } from './parameters';
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

/** A teacher with its tokenizer and a generator, whatever trains it. */
export interface SampledModels {
  readonly architecture: unknown;
  readonly sampling: TeacherSamplingOptions;
  readonly teacher: ConditionalScoreTeacher;
  readonly teacherWeights: HostTensors;
  /** Absent when the backbone's sequences are not images. */
  readonly tokenizer?: LoadedTokenizer;
  /** What makes sequences; its weights stand elsewhere. */
  readonly generator: SequenceGenerator;
}

/** The networks of a preset with their weights. */
export interface PresetModels extends SampledModels {
  /** The architecture of ψ and of the AR-diffusion model. */
  readonly network: VelocityNetwork;
  /** The architecture of θ. */
  readonly generator: OneStepGenerator;
  /** Absent where the backbone has none. */
  readonly flowMapNetwork?: FlowMapNetwork | undefined;
}

/** The networks that methods train. */
export type TrainedNetworks = Pick<PresetModels, 'network' | 'generator' | 'flowMapNetwork'>;

/** What of a preset's networks is needed. */
export interface LoadOptions {
  /** Without it the weights of the teacher are not read, and need not be there; default true. */
  readonly teacherWeights?: boolean;
  /**
   * File of a generator that states the architecture in the teacher's place, whose file need not be there
   * then; only without the teacher's weights.
   */
  readonly statedBy?: string | undefined;
}

/** The generator of an architecture: the backbone's own, else the default one over its network. */
export function createGenerator(backbone: Backbone, architecture: unknown): OneStepGenerator {
  return (
    backbone.createGenerator?.(architecture) ??
    new ArDiffusionGenerator(backbone.createNetwork(architecture))
  );
}

/** The networks of an architecture that methods train. */
export function createNetworks(backbone: Backbone, architecture: unknown): TrainedNetworks {
  return {
    network: backbone.createNetwork(architecture),
    generator: createGenerator(backbone, architecture),
    flowMapNetwork: backbone.createFlowMapNetwork?.(architecture),
  };
}

/**
 * Teacher and tokenizer of a preset, read tensor by tensor where they lie in a model directory. What
 * their files state of the architecture comes before the preset's. A model directory that is given as
 * the teacher serves as the tokenizer, too, when it holds one and no other is given.
 */
export async function loadPresetModels(
  context: PresetContext,
  files: ModelFiles = {},
  { teacherWeights: needsTeacher = true, statedBy }: LoadOptions = {},
): Promise<PresetModels> {
  const { backbone, preset } = context.found;
  const sampling = preset.teacherSampling;
  const hasParameters =
    Object.keys(backbone.createTeacher(preset.architecture, sampling).parameterSpecs).length > 0;
  refuseIgnored(context, files, hasParameters);
  const teacherFile = files.teacher ?? preset.weights?.teacher;
  const opened: WeightsSource[] = [];
  const own = (source: WeightsSource): WeightsSource => {
    opened.push(source);
    return source;
  };
  try {
    const tokenizerSource = backbone.createTokenizer
      ? own(await openNamed(context, 'tokenizer', await tokenizerFileOf(preset, files)))
      : undefined;
    const statingSource =
      statedBy !== undefined
        ? own(await openWeights(backbone, 'generator', statedBy))
        : hasParameters && (needsTeacher || teacherFile !== undefined)
          ? own(await openNamed(context, 'teacher', teacherFile))
          : undefined;
    const architecture = layeredArchitecture(context, [tokenizerSource, statingSource]);
    const teacher = backbone.createTeacher(architecture, sampling);
    const tokenizer = backbone.createTokenizer?.(architecture);
    const sources = opened.toReversed().map(({ tensors }) => tensors);
    return {
      architecture,
      sampling,
      teacher,
      teacherWeights: needsTeacher
        ? await readParameters('teacher', teacher.parameterSpecs, sources)
        : {},
      ...createNetworks(backbone, architecture),
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

/** @throws InvalidOptionError when a file is given for a network that has no weights, or is none. */
function refuseIgnored(
  { found }: PresetContext,
  { teacher, tokenizer }: ModelFiles,
  teacherHasWeights: boolean,
): void {
  if (teacher !== undefined && !teacherHasWeights) {
    throw new InvalidOptionError(
      `The teacher of the preset "${found.name}" has no weights: leave "teacher" out.`,
      { options: ['teacher'] },
    );
  }
  if (tokenizer !== undefined && !found.backbone.createTokenizer) {
    throw new InvalidOptionError(
      `The preset "${found.name}" has no tokenizer, because its sequences are not images: leave "tokenizer" out.`,
      { options: ['tokenizer'] },
    );
  }
}

/** The file of the tokenizer: the one that is given, else the teacher's folder, else what ships. */
export async function tokenizerFileOf(
  preset: Preset,
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
  context: PresetContext,
  file?: string,
): Promise<LoadedTokenizer & { readonly architecture: unknown }> {
  const { backbone, preset } = context.found;
  if (!backbone.createTokenizer) {
    throw new Error(
      `The backbone "${backbone.name}" has no tokenizer: its sequences are not images.`,
    );
  }
  const source = await openNamed(context, 'tokenizer', file ?? preset.weights?.tokenizer);
  try {
    const architecture = layeredArchitecture(context, [source]);
    const tokenizer = backbone.createTokenizer(architecture);
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
  { found }: PresetContext,
  kind: 'teacher' | 'tokenizer',
  file: string | undefined,
): Promise<WeightsSource> {
  if (!file) {
    throw new InvalidOptionError(
      `The preset "${found.name}" ships no ${kind}: give its weights as "${kind}".`,
      { options: [kind] },
    );
  }
  return openWeights(found.backbone, kind, file);
}
