import { learningRateSchedule } from '../../optimization/learning-rate';
import type { DistillationSettings } from './distillation-settings';
import type { PhaseSettings } from './phase-settings';

/** A phase of stage 2: a range of its iterations, in which the same networks train alike. */
export interface DistillationPhase {
  /** From 1. */
  readonly number: number;
  /** First iteration of stage 2 that belongs to it. */
  readonly start: number;
  /** Generator updates; guidance updates where ψ trains alone. */
  readonly iterations: number;
  readonly trainsGenerator: boolean;
  readonly fromAverage: boolean;
  /** K: guidance updates of an iteration. */
  readonly guidanceUpdates: number;
  /** Guidance updates before the phase. */
  readonly guidanceBefore: number;
  /** Generator updates before the phase. */
  readonly generatorBefore: number;
  /** Generator updates before those that Adam's corrections count. */
  readonly momentsSince: number;
  /** Generator updates before those that the average counts. */
  readonly averageSince: number;
  /** Learning rate of update i of the phase, from 0. */
  readonly learningRates: Readonly<Record<'guidance' | 'generator', (update: number) => number>>;
}

/** The phases in their order; one with the settings' own values where they list none. */
export function planPhases(settings: DistillationSettings): readonly DistillationPhase[] {
  const phases: DistillationPhase[] = [];
  let [start, guidanceBefore, generatorBefore, momentsSince, averageSince] = [0, 0, 0, 0, 0];
  for (const [i, phase] of settings.phases.entries()) {
    const trainsGenerator = phase.trains === 'both';
    const { iterations, guidanceUpdates } = sizesOf(phase, settings);
    if (phase.fromAverage) momentsSince = generatorBefore;
    if (phase.restartAverage) averageSince = generatorBefore;
    phases.push({
      number: i + 1,
      ...{ start, iterations, trainsGenerator, guidanceUpdates },
      ...{ guidanceBefore, generatorBefore, momentsSince, averageSince },
      fromAverage: phase.fromAverage,
      learningRates: learningRatesOf(phase, settings, iterations, guidanceUpdates),
    });
    start += iterations;
    guidanceBefore += iterations * guidanceUpdates;
    if (trainsGenerator) generatorBefore += iterations;
  }
  return phases;
}

/**
 * Refuses phases that could not change the result.
 * @throws Error with a sentence that names the phase.
 */
export function checkPhases({ phases }: DistillationSettings): void {
  if (phases[0]?.fromAverage) {
    throw new Error('The first phase has no average to start from: leave its fromAverage out.');
  }
  if (phases.at(-1)?.trains === 'guidance') {
    throw new Error(
      `Phase ${phases.length}, the last one, trains the guidance network alone, which no generator follows: leave it out, or add a phase after it.`,
    );
  }
}

/** Iterations of all phases together. */
export function totalIterations(phases: readonly DistillationPhase[]): number {
  return phases.reduce((sum, { iterations }) => sum + iterations, 0);
}

/** The phase that an iteration of stage 2 belongs to. */
export function phaseAt(
  phases: readonly DistillationPhase[],
  iteration: number,
): DistillationPhase {
  const phase = phases.findLast(({ start, iterations }) => iterations > 0 && start <= iteration);
  if (!phase) throw new RangeError(`No phase has the iteration ${iteration}.`);
  return phase;
}

/** Generator updates in the first iterations of stage 2. */
export function generatorUpdates(phases: readonly DistillationPhase[], iterations: number): number {
  return phases
    .filter(({ trainsGenerator }) => trainsGenerator)
    .reduce((sum, phase) => sum + clamp(iterations - phase.start, phase.iterations), 0);
}

function clamp(value: number, maximum: number): number {
  return Math.min(Math.max(value, 0), maximum);
}

/** "phase 2 of 3: the guidance network alone, 8000 updates; the generator becomes its average". */
export function describePhase(phase: DistillationPhase, count: number): string {
  const { number, iterations, guidanceUpdates, trainsGenerator, fromAverage } = phase;
  const what = trainsGenerator
    ? `${iterations} generator updates, each after ${guidanceUpdates} of the guidance network`
    : `${iterations} updates of the guidance network alone`;
  return `phase ${number} of ${count}: ${what}${fromAverage ? '; the generator becomes its average' : ''}`;
}

function sizesOf(
  phase: PhaseSettings,
  settings: DistillationSettings,
): Pick<DistillationPhase, 'iterations' | 'guidanceUpdates'> {
  const { guidanceIterations, generatorIterations, guidanceUpdates } = phase;
  return phase.trains === 'guidance'
    ? { iterations: guidanceIterations ?? 0, guidanceUpdates: 1 }
    : {
        iterations: generatorIterations ?? settings.generatorIterations,
        guidanceUpdates: guidanceUpdates ?? settings.guidanceUpdates,
      };
}

function learningRatesOf(
  phase: PhaseSettings,
  settings: DistillationSettings,
  iterations: number,
  guidanceUpdates: number,
): DistillationPhase['learningRates'] {
  const shared = {
    initial: phase.initialLearningRate ?? settings.initialLearningRate,
    warmUpFraction: phase.warmUpFraction ?? settings.warmUpFraction,
    decay: phase.learningRateDecay ?? settings.learningRateDecay,
    finalFraction: phase.finalLearningRateFraction ?? settings.finalLearningRateFraction,
  };
  return {
    generator: learningRateSchedule({
      ...shared,
      peak: phase.generatorLearningRate ?? settings.generatorLearningRate,
      iterations,
    }),
    guidance: learningRateSchedule({
      ...shared,
      peak: phase.guidanceLearningRate ?? settings.guidanceLearningRate,
      iterations: iterations * guidanceUpdates,
    }),
  };
}
