import { type Backbone, PLAIN_SAMPLING, type TeacherAdaptation } from '@ar-distill/core';
import { initializeParameters, type ParameterSpecs } from '@ar-distill/nn';
import type { Rng } from '@ar-distill/program';
import { listNames, requireParsed, requireThat } from './assertions';

/** Rules of `TeacherAdaptation`, for an architecture whose teacher needs one. */
export function checkAdaptation<A>(
  backbone: Backbone<A> & { readonly adaptation: TeacherAdaptation<A> },
  architecture: A,
  rng: Rng,
): void {
  const { adaptation } = backbone;
  if (!adaptation.isNeeded(architecture)) return;
  const continuous = adaptation.adaptedArchitecture(architecture);
  requireThat(
    !adaptation.isNeeded(continuous),
    'isNeeded still holds for the architecture that adaptedArchitecture gives.',
  );
  requireParsed(
    'architectureSchema refuses the adapted architecture',
    backbone.architectureSchema.safeParse(continuous),
  );
  const teacher = backbone.createTeacher(architecture, PLAIN_SAMPLING);
  const adapted = backbone.createTeacher(continuous, PLAIN_SAMPLING);
  requireThat(
    adapted.layout.stepLengths.join() === teacher.layout.stepLengths.join() &&
      adapted.layout.channels === teacher.layout.channels,
    'The adapted teacher has another layout than the original.',
  );
  const regression = adaptation.createRegressionTask(architecture);
  requireThat(
    Object.keys(regression.batchSpecs(1)).length === 0,
    'The regression reads a batch: it must need nothing but the teacher.',
  );
  const weights = adaptation.adaptedWeights(
    architecture,
    initializeParameters(teacher.parameterSpecs, rng),
    initializeParameters(regression.parameterSpecs, rng),
  );
  requireSame('adaptedWeights', weights, adapted.parameterSpecs);
  const fineTuning = adaptation.createFineTuningTask(architecture);
  requireSame('The fine-tuning task', fineTuning.parameterSpecs, adapted.parameterSpecs);
  const matching = adaptation.createMatchingTask(architecture);
  requireSame('The matching task', matching.parameterSpecs, adapted.parameterSpecs);
}

/** Requires the parameters of the adapted teacher, with its shapes. */
function requireSame(
  what: string,
  given: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  specs: ParameterSpecs,
): void {
  const names = [...new Set([...Object.keys(given), ...Object.keys(specs)])];
  const wrong = names.filter((name) => given[name]?.shape.join() !== specs[name]?.shape.join());
  requireThat(
    wrong.length === 0,
    `${what} differs from the parameters of the adapted teacher in ${listNames(wrong)}.`,
  );
}
