import { sequenceLength, type MethodPlan } from '@ar-distill/core';
import { smallestMarginalPool } from '@ar-distill/core/sampling';
import type { PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import { checkImageCount, neededImages } from '../evaluate/image-count';
import { checkEvaluator, imagesOf, metricsOfImages } from '../evaluate/image-evaluator';
import type { PresetModels } from '../models/preset-models';
import { INDEPENDENT } from './row-names';

/** A report of a distillation that has not started. */
export interface PlannedReport {
  readonly models: Pick<PresetModels, 'teacher' | 'tokenizer'>;
  /** Of the settings that will be used. */
  readonly plan: MethodPlan;
  /** Of the preset's own settings; left out for a run that is resumed, whose pool is what it is. */
  readonly presetPlan?: MethodPlan | undefined;
  /** Samples per row. */
  readonly samples: number;
}

/**
 * Checks that the figures of a report can be computed at the end of a distillation, and says which of
 * its rows will be missing.
 * @throws InvalidOptionError naming what is too small, and how large it has to be; what `checkEvaluator`
 *   throws.
 */
export async function checkReport(
  context: PresetContext,
  { models: { teacher, tokenizer }, plan, presetPlan, samples }: PlannedReport,
): Promise<void> {
  const images = tokenizer && imagesOf({ teacher, tokenizer: tokenizer.tokenizer });
  if (!images || !metricsOfImages(context, images)) return;
  checkImageCount(context, images, samples);
  const positions = sequenceLength(teacher.layout);
  const marginal = smallestMarginalPool(teacher.condition, positions, samples) ?? 0;
  // What is too small in the preset already is its author's choice: the row is left out.
  const donors = plan.pool ?? plan.marginals;
  const ofPreset = presetPlan?.pool ?? presetPlan?.marginals;
  const isUsual = (ofPreset?.size ?? 0) >= marginal;
  // The teacher's row is the pool, where there is one.
  const ofRow = plan.pool ? neededImages(context, images) : 0;
  const needed = Math.max(ofRow, isUsual ? marginal : 0);
  if (donors && donors.size < needed) {
    throw new InvalidOptionError(
      `The setting "${donors.setting}" is ${donors.size} where the report of "${context.found.name}" needs ${needed} or more: raise it, or leave the report out.`,
    );
  }
  if (donors && donors.size < marginal) {
    context.progress.message(
      `The report will leave out ${INDEPENDENT}: they take a "${donors.setting}" of ${marginal}, and it is ${donors.size}.`,
    );
  }
  await checkEvaluator(context, images);
}
