import {
  ArDiffusionGenerator,
  type Backbone,
  type ConditionalScoreTeacher,
  type ConditionSpace,
  type ImageTokenizer,
  type OneStepGenerator,
  PLAIN_SAMPLING,
  type SequenceLayout,
  type TeacherSamplingOptions,
  type VelocityNetwork,
} from '@ar-distill/core';
import { requireThat } from './assertions';
import type { Check } from './check';

/** What the factories of a backbone make of an architecture. */
export interface Parts {
  readonly teacher: ConditionalScoreTeacher;
  /** The same without guidance and truncation. */
  readonly plainTeacher: ConditionalScoreTeacher;
  readonly network: VelocityNetwork;
  readonly generator: OneStepGenerator;
  readonly tokenizer: ImageTokenizer | undefined;
}

/** Calls every factory; throws what they throw. */
export function createParts(
  backbone: Backbone,
  architecture: unknown,
  sampling: TeacherSamplingOptions,
): Parts {
  const network = backbone.createNetwork(architecture);
  return {
    teacher: backbone.createTeacher(architecture, sampling),
    plainTeacher: backbone.createTeacher(architecture, PLAIN_SAMPLING),
    network,
    generator: backbone.createGenerator?.(architecture) ?? new ArDiffusionGenerator(network),
    tokenizer: backbone.createTokenizer?.(architecture),
  };
}

/** Rules of what the parts say of themselves. */
export const partChecks: readonly Check<Parts>[] = [
  {
    id: 'agreement',
    name: 'backbone: its parts have one layout and one condition',
    needs: ['factories'],
    run: ({ teacher, network, generator, tokenizer }) => {
      const { layout } = network;
      for (const [name, part] of Object.entries({ network, teacher, generator, tokenizer })) {
        requireThat(
          !part || hasLayout(part),
          `The ${name} has no layout with stepLengths and channels.`,
        );
      }
      for (const [name, part] of Object.entries({ network, teacher, generator })) {
        requireThat(
          hasCondition(part),
          `The ${name} has no condition with values, inTurn and draw.`,
        );
      }
      for (const [name, part] of Object.entries({ teacher, generator, tokenizer })) {
        requireThat(
          !part ||
            (part.layout.channels === layout.channels &&
              part.layout.stepLengths.join() === layout.stepLengths.join()),
          `The ${name} has another layout than the network.`,
        );
      }
      for (const [name, part] of Object.entries({ teacher, generator })) {
        requireThat(
          sameForm(part.condition, network.condition),
          `The ${name} declares another condition than the network.`,
        );
      }
    },
  },
  {
    id: 'code-scale',
    name: 'teacher: codeScale is a finite number above 0',
    needs: ['agreement'],
    run: ({ teacher: { codeScale } }) =>
      requireThat(
        Number.isFinite(codeScale) && codeScale > 0,
        `codeScale must be a finite number above 0, not ${codeScale}.`,
      ),
  },
];

/** Plugins in JavaScript may leave anything out. */
function hasLayout({ layout }: { readonly layout?: Partial<SequenceLayout> }): boolean {
  return Array.isArray(layout?.stepLengths) && typeof layout?.channels === 'number';
}

function hasCondition({ condition }: { readonly condition?: Partial<ConditionSpace> }): boolean {
  const { values, inTurn, draw } = condition ?? {};
  return values !== undefined && typeof inTurn === 'function' && typeof draw === 'function';
}

function sameForm(a: ConditionSpace, b: ConditionSpace): boolean {
  const form = ({ values, numClasses }: ConditionSpace): string =>
    JSON.stringify([
      numClasses ?? null,
      ...Object.keys(values)
        .sort()
        .map((name) => {
          const { shape, dtype, nothing = null } = values[name]!;
          return [name, shape, dtype, nothing];
        }),
    ]);
  return form(a) === form(b);
}
