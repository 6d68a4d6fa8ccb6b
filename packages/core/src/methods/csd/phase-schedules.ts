import { progressiveEmaDecay } from '../../optimization/ema-schedule';
import type { UpdateSchedule } from '../../optimization/optimizer-step';
import type { DistillationPhase } from './phases';

/** Schedules of the guidance updates of an iteration of stage 2, which lies in the phase. */
export function guidanceSchedules(phase: DistillationPhase, iteration: number): UpdateSchedule[] {
  const { guidanceUpdates, guidanceBefore, learningRates } = phase;
  const done = (iteration - phase.start) * guidanceUpdates;
  return Array.from({ length: guidanceUpdates }, (_, k) => ({
    learningRate: learningRates.guidance(done + k),
    // Whatever happens to θ, the moments of ψ go on.
    update: guidanceBefore + done + k + 1,
    emaDecay: 0,
  }));
}

/** Schedule of the generator update of an iteration of stage 2, which lies in the phase. */
export function generatorSchedule(
  phase: DistillationPhase,
  iteration: number,
  maximumDecay: number,
): UpdateSchedule {
  const { generatorBefore, momentsSince, averageSince, learningRates } = phase;
  const done = iteration - phase.start;
  const update = generatorBefore + done;
  return {
    learningRate: learningRates.generator(done),
    update: update - momentsSince + 1,
    emaDecay: progressiveEmaDecay(update - averageSince, maximumDecay),
  };
}
