import * as tf from '@tensorflow/tfjs';
import {
  conditionRows,
  type GuidanceRange,
  guidanceOf,
  isDiscrete,
  PLAIN_SAMPLING,
  takingGuidance,
} from '@ar-distill/core';
import { initializeParameters, toTensors } from '@ar-distill/nn';
import type { HostTensor } from '@ar-distill/program';
import { equalValues, magnitude, requireThat } from './assertions';
import type { Check } from './check';
import { withoutDropping } from './guidance-checks';
import { ROUNDING } from './rounding';
import { type Subject, withoutCompiler } from './subject';

const RANGE: GuidanceRange = [0, 3];
/** Of two samples in turn; any scale may be off in a family, but not both. */
const SCALES = [3, 1.5] as const;

/** Rules of the guidance scale as a value of the condition. */
export const guidanceInputChecks: readonly Check<Subject>[] = [
  {
    id: 'guidance-scales',
    name: 'teacher: the guidance scale of a sample is what its options say for all',
    needs: ['guidance', 'scaled-codebook'],
    run: (subject) => {
      const { teacherParameters: parameters, sequence, condition, batchSize } = subject;
      const perSample = perSampleTeacher(subject);
      if (!isDiscrete(perSample)) return;
      const scales = toTensors(guidanceOf(scalesOf(batchSize)));
      const own = tf.unstack(perSample.logProbs(parameters, sequence, { ...condition, ...scales }));
      for (const [sample, guidanceScale] of SCALES.entries()) {
        const forAll = optionTeacher(subject, guidanceScale);
        if (!isDiscrete(forAll)) continue;
        const wanted = tf.unstack(forAll.logProbs(parameters, sequence, condition))[sample]!;
        requireThat(
          magnitude(tf.sub(own[sample]!, wanted)) <= 10 * ROUNDING * magnitude(wanted),
          `Sample ${sample} of guidance scale ${guidanceScale} has other probabilities than with that scale for all.`,
        );
      }
    },
    exempts: withoutInput,
  },
  {
    id: 'guidance-sampler',
    name: 'sampler: the guidance scale of a sample is what its options say for all',
    needs: ['guidance-scales', 'sampler-repeatable', 'cache'],
    run: async (subject) => {
      const { compiler, hostTeacherParameters: weights, hostCondition, batchSize, rng } = subject;
      const draw = async (
        teacher: Subject['teacher'],
        scales?: Float32Array,
      ): Promise<HostTensor> => {
        const sampler = await teacher.createSampler(compiler!, weights, batchSize);
        const given = { ...hostCondition, ...(scales ? guidanceOf(scales) : {}) };
        const drawn = sampler.sample(given, rng, 0);
        return (await drawn.finally(() => sampler.dispose())).sequence;
      };
      const own = await draw(perSampleTeacher(subject), scalesOf(batchSize));
      const wanted = await draw(optionTeacher(subject, SCALES[0]));
      requireThat(
        equalValues(rowOf(own, 0), rowOf(wanted, 0)),
        `Sample 0 of guidance scale ${SCALES[0]} is another than with that scale for all.`,
      );
    },
    exempts: (subject) => withoutCompiler(subject) ?? withoutInput(subject),
  },
  {
    id: 'guidance-start',
    name: 'generator: with a guidance scale as an input it starts as it is without',
    needs: ['generator-batch', 'generator-gradients'],
    run: ({ generator, hostGeneratorParameters, sequence, condition, batchSize, rng }) => {
      const taking = takingGuidance(generator, { range: RANGE, scale: SCALES[0] });
      const added = Object.entries(taking.parameterSpecs).filter(
        ([name]) => !Object.hasOwn(generator.parameterSpecs, name),
      );
      const fresh = initializeParameters(Object.fromEntries(added), rng);
      const scales = toTensors(guidanceOf(scalesOf(batchSize)));
      const parameters = toTensors({ ...hostGeneratorParameters, ...fresh });
      const own = taking.generate(parameters, sequence, { ...condition, ...scales });
      const wanted = generator.generate(parameters, sequence, condition);
      requireThat(
        magnitude(tf.sub(own, wanted)) <= ROUNDING * magnitude(wanted),
        'What its withGuidance returns makes other sequences from the same weights: override "over" where it adds anything to its network.',
      );
    },
    exempts: ({ generator, network }) =>
      generator.withGuidance && network.featureWidth !== undefined
        ? undefined
        : 'the generator takes no guidance scale',
  },
];

function scalesOf(batchSize: number): Float32Array {
  return Float32Array.from({ length: batchSize }, (_, sample) => SCALES[sample % SCALES.length]!);
}

/** The plain teacher with the scale as a value of its condition. */
function perSampleTeacher({ plainTeacher }: Subject): Subject['teacher'] {
  return plainTeacher.guidance?.over(RANGE) ?? plainTeacher;
}

function optionTeacher(
  { backbone, architecture }: Subject,
  guidanceScale: number,
): Subject['teacher'] {
  return backbone.createTeacher(architecture, { ...PLAIN_SAMPLING, guidanceScale });
}

function rowOf(values: HostTensor, row: number): Float32Array | Int32Array {
  return conditionRows({ values }, [row])['values']!.data;
}

function withoutInput(subject: Subject): string | undefined {
  return subject.plainTeacher.guidance
    ? withoutDropping(subject)
    : 'the teacher takes no guidance scale per sample';
}
