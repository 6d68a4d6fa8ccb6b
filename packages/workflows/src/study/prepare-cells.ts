import { sequenceLength } from '@ar-distill/core';
import type { ServiceContainer } from '@ar-distill/di';
import { FRECHET_DISTANCE, PATH_LENGTH, TEACHER_DISTANCE } from '@ar-distill/evaluation';
import { float32 } from '@ar-distill/program';
import type { PresetContext } from '../context';
import {
  type DistillOptions,
  prepareDistillation,
  type PreparedDistillation,
} from '../distill/distill';
import { InvalidOptionError } from '../errors';
import { imagesOf, metricsOfImages, providerOf, whyNotMeasured } from '../evaluate/image-evaluator';
import { checkPathLength } from '../evaluate/path-length';
import type { TeacherStatistics } from '../evaluate/teacher-samples';
import type { WorkflowOptions } from '../events';
import { loadPresetModels, type ModelFiles, type PresetModels } from '../models/preset-models';
import { namedOption } from '../settings/named-option';
import { ofCell, type StudyPlan } from './plan-runs';
import type { StudyFile } from './study-file';
import { startOf, type UnfinishedRun } from './unfinished-run';

/** A run that can start with these options. */
export interface PreparedRun {
  readonly options: DistillOptions;
  readonly prepared: PreparedDistillation;
}

/** A study of which something is left to do. */
export interface UnfinishedStudy {
  readonly file: StudyFile;
  readonly plan: StudyPlan;
  /** By their keys. */
  readonly unfinished: ReadonlyMap<string, UnfinishedRun>;
  /** Where run directories are made. */
  readonly runs: string;
}

/**
 * Prepares the next run of every cell, so that what is wrong with one is said before anything is started.
 * @returns what prepares any run: those are done already, the others differ from them in their seeds.
 * @throws InvalidOptionError naming the cell and what is wrong with it.
 */
export async function prepareCells(
  container: ServiceContainer,
  { file, plan, unfinished, runs: folder }: UnfinishedStudy,
  workflow: WorkflowOptions,
): Promise<(run: UnfinishedRun) => Promise<PreparedRun>> {
  const load = sharedLoading();
  const statistics = new Map<PresetModels, TeacherStatistics>();
  const prepare = async (options: DistillOptions): Promise<PreparedRun> => {
    const prepared = await prepareDistillation(container, options, workflow, load);
    const teacherStatistics = statistics.get(prepared.given) ?? new Map();
    statistics.set(prepared.given, teacherStatistics);
    return { options, prepared: { ...prepared, teacherStatistics } };
  };
  const next = new Map<string, PreparedRun>();
  for (const { name, preset, runs } of plan.cells) {
    const [run] = runs.flatMap(({ key }) => unfinished.get(key) ?? []);
    if (!run || next.has(run.run.key)) continue;
    const prepared = await ofCell(name, preset, async () => {
      const own = await prepare(startOf(run, folder));
      checkMeasures(file, own.prepared);
      return own;
    });
    next.set(run.run.key, prepared);
  }
  return async (run) => {
    const { key } = run.run;
    const prepared = next.get(key);
    next.delete(key);
    // A run that has ended meanwhile may have the same stage 1.
    const options = startOf(run, folder);
    const isAsBefore = prepared?.options.stage1 === options.stage1;
    return prepared && isAsBefore ? prepared : prepare(options);
  };
}

/** Reads networks once for all runs that work on the same. */
function sharedLoading(): (context: PresetContext, files: ModelFiles) => Promise<PresetModels> {
  const read = new Map<string, Promise<PresetModels>>();
  return (context, files) => {
    const { found, architecture } = context;
    const { plugin, name, preset } = found;
    // Options of a run stand in for its files, and say more than what is read.
    const { teacher, tokenizer } = files;
    const determinants = [plugin, name, preset.teacherSampling, architecture, teacher, tokenizer];
    const key = JSON.stringify(determinants);
    const models = read.get(key) ?? loadPresetModels(context, files);
    read.set(key, models);
    return models;
  };
}

/** @throws InvalidOptionError when what the study compares cannot be measured. */
function checkMeasures(
  { compare, pathLength }: StudyFile,
  { context, given }: PreparedDistillation,
): void {
  const names = measuredNames(context, given);
  if (pathLength !== undefined) {
    if (!given.tokenizer) {
      throw new InvalidOptionError(
        'A path length is of images, and its sequences are none: leave "pathLength" out.',
      );
    }
    checkPathLength(providerOf(context));
    names.push(PATH_LENGTH.name);
  }
  // What follows a dot is a detail of the metric.
  const [metric = ''] = compare.metric.split('.');
  namedOption(
    'metric',
    names.map((name) => ({ name })),
    metric,
  );
}

/** Names of what a report will measure of every row. */
function measuredNames(
  context: PreparedDistillation['context'],
  { teacher, tokenizer, architecture }: PresetModels,
): string[] {
  if (!tokenizer) {
    const { channels } = teacher.layout;
    const length = sequenceLength(teacher.layout);
    // Any sequence tells what is measured of it.
    const sequence = float32([1, length, channels], new Float32Array(length * channels));
    return Object.keys(context.found.backbone.measureSequences?.(architecture, sequence) ?? {});
  }
  const images = imagesOf({ teacher, tokenizer: tokenizer.tokenizer });
  const reason = whyNotMeasured(context, images);
  if (reason !== undefined) throw new InvalidOptionError(reason);
  const names = (metricsOfImages(context, images) ?? []).map(({ name }) => name);
  return names.includes(FRECHET_DISTANCE.name) ? [...names, TEACHER_DISTANCE.name] : names;
}
