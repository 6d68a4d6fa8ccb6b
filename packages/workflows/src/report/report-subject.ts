import type { DistillationOutcome, MethodRow } from '@ar-distill/core';
import type { Run } from '@ar-distill/runs';
import type { Adaptation } from '../adapt/adapt-models';
import type { PresetContext } from '../context';
import type { TeacherStatistics } from '../evaluate/teacher-samples';
import type { SampledModels } from '../models/preset-models';
import { imageBatch } from '../sample/batch-sizes';
import type { Decoder } from '../sample/decoder';
import type { Tree } from '../settings/merge';
import { snappedName } from './row-names';

/** Everything that a report is made from. */
export interface ReportSubject {
  readonly context: PresetContext;
  /** The teacher that was distilled, and the generator. */
  readonly models: SampledModels;
  /** How that teacher came about, when it was adapted in this run. */
  readonly adaptation?: Adaptation;
  readonly outcome: DistillationOutcome;
  /** Name of the stage that the generator was trained in. */
  readonly trainedIn: string;
  /** Seconds per stage, the adaptation's among them. */
  readonly timings: Readonly<Record<string, number>>;
  readonly run: Run;
  readonly seed: number;
  /** Of the method. */
  readonly settings: Tree;
  /** Samples per row. */
  readonly samples: number;
  /** Names of the rows that are measured, and not timed; the usual ones when left out. */
  readonly rows?: ReadonlySet<string> | undefined;
  /** What is known of the samples of the teacher that was given; what is measured here is added. */
  readonly teacherStatistics?: TeacherStatistics | undefined;
}

/** The same where sequences are images. */
export type ImageSubject = ReportSubject & { readonly decoder: Decoder };

const BATCH = 250;

/** Images of a report that are drawn or decoded at a time. */
export function reportBatch({ models, decoder }: Pick<ImageSubject, 'models' | 'decoder'>): number {
  return imageBatch(models.teacher.layout, decoder.tokenizer.imageShape, BATCH);
}

/** The row of the distilled generator: the one that is marked, else the first. */
export function resultOf({ rows }: DistillationOutcome): MethodRow | undefined {
  return rows.find(({ isResult }) => isResult) ?? rows[0];
}

/** The name of the row of what the generator draws, as the preset has its vectors decoded. */
export function drawnName({
  context: { found },
  outcome,
}: Pick<ReportSubject, 'context' | 'outcome'>): string | undefined {
  const result = resultOf(outcome);
  // Only the result that is marked has a row of codes.
  return found.preset.snap && result?.isResult ? snappedName(result.name) : result?.name;
}

/** Whether the report measures a row; `isUsual` where it would without being asked. */
export function isMeasured(
  { rows }: Pick<ReportSubject, 'rows'>,
  name: string,
  isUsual = true,
): boolean {
  return rows?.has(name) ?? isUsual;
}
