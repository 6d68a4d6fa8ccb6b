import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openSafetensors, readSafetensors } from '@ar-distill/checkpoints';
import { ADAPTATION_STAGES, TUNING_STAGES } from '@ar-distill/core/methods';
import type { ParameterSpecs } from '@ar-distill/nn';
import type { Run } from '@ar-distill/runs';
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
 * Checks that a distillation with these models can start from the tuned weights of the run `from`.
 * @throws Error with a sentence when they are another preset's or teacher's, or do not fit the network.
 */
export async function checkStage1(
  context: PresetContext,
  from: string,
  files: ModelFiles,
): Promise<void> {
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
  await checkArrays(from, TUNING_STAGES.full, network);
}

/** Copies the tuned weights of another run, and its adapted teacher, so that both count as done. */
export async function reuseStage1(from: string, run: Run): Promise<void> {
  for (const stage of [ADAPTATION_STAGES.regression, ADAPTATION_STAGES.fineTuning]) {
    const file = arraysFile(from, stage);
    if (existsSync(file)) await run.saveArrays(stage, (await readSafetensors(file)).tensors);
  }
  const { tensors } = await readSafetensors(arraysFile(from, TUNING_STAGES.full));
  await run.saveArrays(TUNING_STAGES.head, tensors);
  await run.saveArrays(TUNING_STAGES.full, tensors);
}

function arraysFile(run: string, name: string): string {
  return join(run, 'arrays', `${name}.safetensors`);
}

/** What a new run remembers of the run whose tuned weights it uses again. */
export async function stage1Of({
  stage1,
}: Pick<DistillConfig, 'stage1'>): Promise<Pick<DistillConfig, 'stage1'>> {
  if (stage1 === undefined) return {};
  return {
    stage1: { ...stage1, sha256: await checksumOf(arraysFile(stage1.path, TUNING_STAGES.full)) },
  };
}

/** Whether a run holds the tuned weights that another one was started with, wherever it lies now. */
export async function isStage1Of(run: string, made: DistillConfig['stage1']): Promise<boolean> {
  if (made === undefined) return false;
  const file = arraysFile(run, TUNING_STAGES.full);
  if (made.sha256 === undefined || !existsSync(file)) return isSamePath(run, made.path);
  return (await checksumOf(file)) === made.sha256;
}

/** By what they hold, where that is known; by their paths in runs of older versions. */
function checkSameNetwork(
  from: string,
  kind: keyof NetworkFiles,
  made: NetworkFile | undefined,
  used: NetworkFile | undefined,
): void {
  const path = givenPath(made);
  const other = givenPath(used);
  const isSamePlace =
    path === undefined || other === undefined ? path === other : isSamePath(path, other);
  const isSame =
    made?.sha256 !== undefined && used?.sha256 !== undefined
      ? made.sha256 === used.sha256
      : isSamePlace;
  if (isSame) return;
  const [needed, mend] =
    path === undefined
      ? [`the ${kind} that ships`, `drop --${kind}`]
      : [`"${path}"`, `give --${kind} "${path}"`];
  throw new Error(`Stage 1 of "${from}" was tuned with ${needed} as its ${kind}: ${mend}.`);
}

/** Undefined for what ships. */
function givenPath(network: NetworkFile | undefined): string | undefined {
  return network === undefined || network.ships ? undefined : network.path;
}

/** Names and shapes alone: the values are not read. */
async function checkArrays(
  from: string,
  name: string,
  { parameterSpecs }: { readonly parameterSpecs: ParameterSpecs },
): Promise<void> {
  const file = arraysFile(from, name);
  if (!existsSync(file)) {
    throw new Error(`"${from}" does not hold "${name}": name another run with --stage1.`);
  }
  const opened = await openSafetensors(file);
  await opened.close();
  const { specs } = opened;
  const names = new Set([...Object.keys(parameterSpecs), ...Object.keys(specs)]);
  for (const parameter of names) {
    const needed = shapeOf(parameterSpecs, parameter);
    const found = shapeOf(specs, parameter);
    if (needed === found) continue;
    throw new Error(
      `"${file}" does not fit the network: its "${parameter}" is ${found ?? 'missing'} instead of ${needed ?? 'missing'}, so name another run with --stage1.`,
    );
  }
}

function shapeOf(
  specs: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  name: string,
): string | undefined {
  return Object.hasOwn(specs, name) ? `[${specs[name]!.shape.join(', ')}]` : undefined;
}
