import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { openSafetensors, readSafetensors } from '@ar-distill/checkpoints';
import { ADAPTATION_STAGES, TUNING_STAGES } from '@ar-distill/core/methods';
import type { ParameterSpecs } from '@ar-distill/nn';
import type { Run } from '@ar-distill/runs';
import { neededAdaptation } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import { loadPresetModels, type ModelFiles } from '../models/preset-models';
import { DISTILLATION, readRun } from '../runs/run-kinds';

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
  for (const kind of ['teacher', 'tokenizer'] as const) checkSameFile(from, kind, made, files);
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
  return path.join(run, 'arrays', `${name}.safetensors`);
}

function checkSameFile(
  from: string,
  kind: keyof ModelFiles,
  made: ModelFiles,
  files: ModelFiles,
): void {
  if (realPath(made[kind]) === realPath(files[kind])) return;
  const [needed, mend] =
    made[kind] === undefined
      ? [`the ${kind} that ships`, `drop --${kind}`]
      : [`"${made[kind]}"`, `give --${kind} "${made[kind]}"`];
  throw new Error(`Stage 1 of "${from}" was tuned with ${needed} as its ${kind}: ${mend}.`);
}

function realPath(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  return existsSync(file) ? realpathSync(file) : path.resolve(file);
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
