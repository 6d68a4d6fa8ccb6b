import type { TeacherSamplingOptions } from '@ar-distill/core';
import type { FoundPreset } from '@ar-distill/di';
import { InvalidOptionError } from '../errors';

/** How the teacher draws, where it is not to draw as its preset says. */
export interface TeacherSamplingChoice {
  /**
   * Strength of classifier-free guidance, from 0 (off) on, in the family's own convention; where a generator that was
   * distilled over a range of it draws, also the generator's.
   */
  readonly guidance?: number | undefined;
  /** Tokens that are drawn from, the likeliest ones; 0 is all. */
  readonly topK?: number | undefined;
  /** Share of the probability that is drawn from, above 0; 1 is all. */
  readonly topP?: number | undefined;
}

interface Limits {
  readonly name: string;
  readonly range: string;
  holds(value: number): boolean;
}

const LIMITS: Readonly<Record<keyof TeacherSamplingChoice, Limits>> = {
  guidance: { name: 'guidance', range: 'a number from 0 on', holds: (value) => value >= 0 },
  topK: {
    name: 'top-k',
    range: 'a whole number from 0 (all tokens) on',
    holds: (value) => Number.isSafeInteger(value) && value >= 0,
  },
  topP: {
    name: 'top-p',
    range: 'a number above 0 and up to 1',
    holds: (value) => value > 0 && value <= 1,
  },
};

/**
 * The preset with another way of drawing of its teacher.
 * @param drawers whether the teacher takes part, and a generator, which may take a guidance as well.
 * @throws InvalidOptionError when a value is out of its range, or is given where no teacher draws.
 */
export function withTeacherSampling(
  found: FoundPreset,
  choice: TeacherSamplingChoice,
  drawers: { readonly teacher: boolean; readonly generator: boolean },
): FoundPreset {
  const { guidance, topK, topP } = choice;
  for (const [key, { name, range, holds }] of Object.entries(LIMITS)) {
    const value = choice[key as keyof TeacherSamplingChoice];
    if (value === undefined) continue;
    if (!drawers.teacher && !(drawers.generator && key === 'guidance')) {
      throw new InvalidOptionError(
        `The ${name} is of the teacher, which does not draw here: leave it out, or draw with the teacher.`,
      );
    }
    if (Number.isFinite(value) && holds(value)) continue;
    throw new InvalidOptionError(`The ${name} must be ${range}, not ${value}.`);
  }
  const { preset } = found;
  const teacherSampling = {
    ...preset.teacherSampling,
    ...(guidance === undefined ? {} : { guidanceScale: guidance }),
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
  };
  return { ...found, preset: { ...preset, teacherSampling } };
}

/** The preset with the way of drawing that a run wrote down; as it is where the run says none. */
export function onSamplingOf(
  found: FoundPreset,
  made: Readonly<Record<string, number>> | undefined,
): FoundPreset {
  const { preset } = found;
  return {
    ...found,
    preset: { ...preset, teacherSampling: { ...preset.teacherSampling, ...made } },
  };
}

/**
 * That a run cannot go on with another way of drawing: its sequences are drawn already.
 * @throws InvalidOptionError naming both ways.
 */
export function refuseOtherSampling(
  folder: string,
  made: Readonly<Record<string, number>> | undefined,
  { preset: { teacherSampling } }: FoundPreset,
): void {
  const isSame = Object.entries({ ...teacherSampling, ...made }).every(
    ([key, value]) => Reflect.get(teacherSampling, key) === value,
  );
  if (isSame) return;
  throw new InvalidOptionError(
    `The teacher of the run "${folder}" draws with ${describeSampling({ ...teacherSampling, ...made })}, not with ${describeSampling(teacherSampling)}: leave its guidance, top-k and top-p out, or start a new run.`,
  );
}

/** "guidance 2, top-k 900, top-p 0.95". */
export function describeSampling({ guidanceScale, topK, topP }: TeacherSamplingOptions): string {
  return `guidance ${guidanceScale}, top-k ${topK === 0 ? 'off' : topK}, top-p ${topP === 1 ? 'off' : topP}`;
}
