import { prefixed } from '@ar-distill/nn';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import type { DiscreteScoreTeacher } from '../model/discrete-score-teacher';
import { splitGuidance } from '../model/guidance-input';
import type { SequenceGenerator } from '../model/one-step-generator';
import type { SequenceSampler } from '../model/sequence-sampler';
import { compileSampler } from './compile-sampler';
import { ONE_STEP_NAME } from './one-step-sampler';
import { SAMPLE_UNIFORMS, sampleNoise } from './sample-streams';
import { checkRefinedSteps, refineWithTeacher } from './teacher-refinement';

/** What is compiled. */
export interface RefinementProgram {
  readonly generator: SequenceGenerator;
  readonly weights: Readonly<HostTensors>;
  readonly teacher: DiscreteScoreTeacher;
  readonly teacherWeights: Readonly<HostTensors>;
  /** The last AR steps that the teacher draws again. */
  readonly steps: number;
  readonly batchSize: number;
}

const OWN = 'generator';
const TEACHER = 'teacher';

/**
 * A generator whose last AR steps the teacher draws again, as a sampler: the sequences of
 * `refineWithTeacher`, from the noise that the generator alone would get.
 * @throws RangeError when there are not that many AR steps.
 */
export async function compileRefinement(
  { generator, weights, teacher, teacherWeights, steps, batchSize }: RefinementProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { layout, condition } = generator;
  checkRefinedSteps(layout, steps);
  return compileSampler(
    {
      name: `${ONE_STEP_NAME} and ${steps} teacher steps`,
      layout,
      condition,
      weights: { ...prefixed(OWN, weights), ...prefixed(TEACHER, teacherWeights) },
      batchSize,
      evaluations: 1 + steps,
      draws: { noise: sampleNoise(layout), uniforms: SAMPLE_UNIFORMS },
      sample: (parameters, { noise, uniforms }, given) => {
        const generated = generator.generate(under(OWN, parameters), noise!, given);
        const sequence = refineWithTeacher(
          teacher,
          under(TEACHER, parameters),
          generated,
          // It has a scale of its own.
          splitGuidance(given).condition,
          uniforms!,
          steps,
        );
        // NaN has a nearest code as well, and what is drawn again is gone.
        return { sequence, madeFrom: { [ONE_STEP_NAME]: generated } };
      },
    },
    compiler,
  );
}

/** The entries whose names `prefixed` gave that prefix, under their own names. */
function under<T>(prefix: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  const start = `${prefix}.`;
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([name]) => name.startsWith(start))
      .map(([name, value]) => [name.slice(start.length), value]),
  );
}
