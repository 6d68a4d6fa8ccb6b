import { existsSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describeRange, GuidanceConditionedNetwork, type GuidanceRange } from '@ar-distill/core';
import { ADAPTATION_STAGES, TUNING_STAGES } from '@ar-distill/core/methods';
import type { ParameterSpecs } from '@ar-distill/nn';
import { arraysFile, openArrays, RUN_CONFIG, type Run } from '@ar-distill/runs';
import { neededAdaptation } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import { loadPresetModels, type ModelFiles } from '../models/preset-models';
import { checksumOf } from '../runs/file-checksum';
import {
  DISTILLATION,
  readRun,
  type ConfigOf,
  type NetworkFile,
  type NetworkFiles,
} from '../runs/run-kinds';
import { isSamePath, networksOf } from '../runs/run-networks';

type DistillConfig = ConfigOf<typeof DISTILLATION>;

/** Whether a run has its tuned weights already. */
export function hasStage1(run: string): boolean {
  return existsSync(arraysFile(run, TUNING_STAGES.full));
}

/**
 * Checks that a distillation with these models can start from the tuned weights of a run.
 * @param stage1 the run; with a checksum where a run to resume remembers what it held.
 * @param range guidance scales that the networks take as an input.
 * @throws Error with a sentence when they are another preset's or teacher's, do not fit the network, are
 *   damaged, or have changed since.
 */
export async function checkStage1(
  context: PresetContext,
  { path: from, sha256 }: NonNullable<DistillConfig['stage1']>,
  files: ModelFiles,
  range: GuidanceRange | undefined,
): Promise<void> {
  if (sha256 !== undefined && !existsSync(path.join(from, RUN_CONFIG))) {
    throw new Error(
      `The run "${from}" whose tuned weights are to be used is gone: put it back, or say with --stage1 where it lies now.`,
    );
  }
  const made = readRun(DISTILLATION, context, from, '--stage1');
  if (!hasStage1(from)) {
    throw new Error(
      `"${from}" holds no tuned weights: name a run directory whose stage 1 is finished with --stage1.`,
    );
  }
  if (!isDeepStrictEqual(made.architecture, context.architecture)) {
    const given = JSON.stringify(made.architecture ?? {});
    throw new Error(
      `Stage 1 of "${from}" was tuned with the architecture ${given} over that of its preset: give the same one.`,
    );
  }
  checkSameRange(from, made.settings['guidanceRange'], range);
  if (sha256 !== undefined && (await tunedSum(from)) !== sha256) {
    throw new Error(
      `The tuned weights of "${from}" have changed since they were named with --stage1: put back what they were, or start a new run.`,
    );
  }
  const used = await networksOf(context, files);
  for (const kind of ['teacher', 'tokenizer'] as const) {
    checkSameNetwork(from, kind, made[kind], used[kind]);
  }
  const { backbone } = context.found;
  const models = await loadPresetModels(context, files, { teacherWeights: false });
  const adaptation = neededAdaptation(context, models);
  const { architecture } = models;
  if (adaptation) {
    const { regression, fineTuning } = ADAPTATION_STAGES;
    await checkArrays(from, regression, adaptation.createRegressionTask(architecture));
    await checkArrays(from, fineTuning, adaptation.createFineTuningTask(architecture));
  }
  const network = adaptation
    ? backbone.createNetwork(adaptation.adaptedArchitecture(architecture))
    : models.network;
  await checkArrays(
    from,
    TUNING_STAGES.full,
    range ? new GuidanceConditionedNetwork(network, { range, scale: range[0] }) : network,
  );
}

/** Copies the tuned weights of another run, and its adapted teacher, so that both count as done. */
export async function reuseStage1(from: string, run: Run): Promise<void> {
  for (const stage of [ADAPTATION_STAGES.regression, ADAPTATION_STAGES.fineTuning]) {
    await copyArrays(from, stage, run);
  }
  // The full ones last: a run that has them needs nothing more of the other one.
  await copyArrays(from, TUNING_STAGES.full, run, TUNING_STAGES.head);
  await copyArrays(from, TUNING_STAGES.full, run);
}

/**
 * Copies named arrays of another run, when it has them.
 * @throws Error naming the file when it is damaged.
 */
export async function copyArrays(from: string, name: string, run: Run, as = name): Promise<void> {
  const opened = await openArrays(from, name);
  if (opened) await run.saveArrays(as, await opened.read(Object.keys(opened.specs)));
}

function tunedSum(run: string): Promise<string> {
  return checksumOf(arraysFile(run, TUNING_STAGES.full));
}

/** What a new run remembers of the run whose tuned weights it uses again. */
export async function stage1Of({
  stage1,
}: Pick<DistillConfig, 'stage1'>): Promise<Pick<DistillConfig, 'stage1'>> {
  if (stage1 === undefined) return {};
  return {
    stage1: { ...stage1, sha256: await tunedSum(stage1.path) },
  };
}

/** Whether a run holds the tuned weights that another one was started with, wherever it lies now. */
export async function isStage1Of(run: string, made: DistillConfig['stage1']): Promise<boolean> {
  if (made === undefined) return false;
  if (made.sha256 === undefined || !hasStage1(run)) return isSamePath(run, made.path);
  return (await tunedSum(run)) === made.sha256;
}

/** By what they hold, where that is known; by their paths in runs of older versions. */
function checkSameNetwork(
  from: string,
  kind: keyof NetworkFiles,
  made: NetworkFile | undefined,
  used: NetworkFile | undefined,
): void {
  const place = givenPath(made);
  const other = givenPath(used);
  const isSamePlace =
    place === undefined || other === undefined ? place === other : isSamePath(place, other);
  const isSame =
    made?.sha256 !== undefined && used?.sha256 !== undefined
      ? made.sha256 === used.sha256
      : isSamePlace;
  if (isSame) return;
  const [needed, mend] =
    place === undefined
      ? [`the ${kind} that ships`, `drop --${kind}`]
      : [`"${place}"`, `give --${kind} "${place}"`];
  throw new Error(`Stage 1 of "${from}" was tuned with ${needed} as its ${kind}: ${mend}.`);
}

/** Weights that take a place in one range mean another scale in another. */
function checkSameRange(from: string, made: unknown, range: GuidanceRange | undefined): void {
  if (isDeepStrictEqual(made, range)) return;
  const here = range ? `from ${describeRange(range)}` : 'left out';
  throw new Error(
    `Stage 1 of "${from}" was tuned with another "guidanceRange" than here, where it is ${here}: give the same one.`,
  );
}

/** Undefined for what ships. */
function givenPath(network: NetworkFile | undefined): string | undefined {
  return network === undefined || network.ships ? undefined : network.path;
}

/** Names, shapes and the checksum. */
async function checkArrays(
  from: string,
  name: string,
  { parameterSpecs }: { readonly parameterSpecs: ParameterSpecs },
): Promise<void> {
  const opened = await openArrays(from, name);
  if (!opened) {
    throw new Error(`"${from}" does not hold "${name}": name another run with --stage1.`);
  }
  const { specs } = opened;
  const names = new Set([...Object.keys(parameterSpecs), ...Object.keys(specs)]);
  for (const parameter of names) {
    const needed = shapeOf(parameterSpecs, parameter);
    const found = shapeOf(specs, parameter);
    if (needed === found) continue;
    throw new Error(
      `"${arraysFile(from, name)}" does not fit the network: its "${parameter}" is ${found ?? 'missing'} instead of ${needed ?? 'missing'}, so name another run with --stage1.`,
    );
  }
}

function shapeOf(
  specs: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  name: string,
): string | undefined {
  return Object.hasOwn(specs, name) ? `[${specs[name]!.shape.join(', ')}]` : undefined;
}
