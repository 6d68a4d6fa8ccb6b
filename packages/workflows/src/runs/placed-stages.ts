import type { MethodStage, ProgressReporter, StagePlace } from '@ar-distill/core';

/** What comes before and after some stages. */
export interface Surroundings {
  /** Number of stages before them. */
  readonly before: number;
  /** Stages after them; of those without `work` nobody knows how long they take. */
  readonly after: readonly Partial<Pick<MethodStage, 'work'>>[];
}

/** A reporter whose updates say which of all stages they are of. */
export function placedProgress(progress: ProgressReporter, place: StagePlace): ProgressReporter {
  return {
    update: (update) => progress.update({ ...update, place }),
    message: (text) => progress.message(text),
  };
}

/** Stages whose progress says which of all stages they are, and how much comes after them. */
export function placedStages(
  stages: readonly MethodStage[],
  { before, after }: Surroundings,
): MethodStage[] {
  const of = before + stages.length + after.length;
  return stages.map((stage, i) => {
    const later = [...stages.slice(i + 1), ...after].reduce((sum, { work = 0 }) => sum + work, 0);
    const place = { number: before + i + 1, of, work: { own: stage.work, after: later } };
    return {
      ...stage,
      run: (environment) =>
        stage.run({ ...environment, progress: placedProgress(environment.progress, place) }),
    };
  });
}
