import type * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import { type HostTensors, type StepCompiler, type TensorSpec } from '@ar-distill/program';
import type { ChoosingProgram } from '../model/code-choice';
import {
  checkCondition,
  type Condition,
  conditionInputs,
  conditionOf,
  type ConditionSpace,
  conditionSpecs,
} from '../model/condition';
import { atUsualGuidance } from '../model/guidance-input';
import { type SequenceLayout, sequenceLength } from '../model/sequence-layout';
import type { SequenceSampler } from '../model/sequence-sampler';
import { drawPositions, type NamedDraws } from './draws';
import { requireFinite, sequencePlace } from './finite';

/** What every compiled sampler is made of. */
export interface SamplerParts {
  /** Shown in errors, behind an article, and in profiles. */
  readonly name: string;
  readonly layout: SequenceLayout;
  readonly condition: ConditionSpace;
  readonly weights: Readonly<HostTensors>;
  readonly batchSize: number;
  /** Network evaluations that one batch costs. */
  readonly evaluations: number;
  /** Random numbers that the program reads. */
  readonly draws: NamedDraws;
}

/** Parts of a sampler that evaluates a teacher once per AR step and reads `draws` under that name. */
export function samplerParts(
  { layout, condition }: Pick<SamplerParts, 'layout' | 'condition'>,
  { name, weights, batchSize, draws }: Omit<ChoosingProgram, 'choose'>,
): SamplerParts {
  const evaluations = layout.stepLengths.length;
  return { name, layout, condition, weights, batchSize, evaluations, draws: { draws } };
}

/** Sequences as tensors. */
export interface TracedSequences {
  /** Code vectors [B, n, C], scaled. */
  readonly sequence: tf.Tensor;
  /** [B, n] int32, when they are drawn as tokens. */
  readonly tokens?: tf.Tensor;
}

/** What the program of a whole batch gives. */
export interface TracedSamples extends TracedSequences {
  /**
   * Sequences [B, n, C] that it was made from, by their names in errors, where it would not show what
   * of them is not finite.
   */
  readonly madeFrom?: Readonly<Record<string, tf.Tensor>>;
}

/** A sampler that draws all positions in one run of one program. */
export interface WholeSampler extends SamplerParts {
  /** `draws` has the named random numbers, [B, n, …] each. */
  sample(
    parameters: Parameters,
    draws: Readonly<Record<string, tf.Tensor>>,
    condition: Condition,
  ): TracedSamples;
}

/**
 * A sampler with the weights built in. Its conditions are checked, see `checkCondition`, after a guidance scale
 * that they leave out was set to the usual one, and so are its sequences: it rejects with a `NonFiniteError` when
 * one is not finite.
 */
export async function compileSampler(
  program: WholeSampler,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { layout, condition: space, batchSize, evaluations, draws } = program;
  const length = sequenceLength(layout);
  const step = await compiler.compile({
    name: program.name,
    constants: program.weights,
    inputs: { ...drawSpecs(draws, [batchSize, length]), ...conditionSpecs(space, [batchSize]) },
    fn: ({ constants, inputs }) => {
      const { madeFrom = {}, ...drawn } = program.sample(constants, inputs, conditionOf(inputs));
      return { outputs: { ...madeFrom, ...drawn } };
    },
  });
  return {
    batchSize,
    evaluations,
    async sample(asked, rng, firstSample) {
      const condition = atUsualGuidance(space, asked, batchSize);
      checkCondition(space, condition, batchSize);
      const { sequence, tokens, ...madeFrom } = await step.run({
        ...drawPositions(draws, layout, rng, firstSample, batchSize),
        ...conditionInputs(condition),
      });
      const place = sequencePlace(layout);
      for (const [name, values] of Object.entries(madeFrom)) {
        requireFinite(`The ${name}`, values, firstSample, place);
      }
      requireFinite(`The ${program.name}`, sequence!, firstSample, place);
      return { sequence: sequence!, ...(tokens ? { tokens } : {}) };
    },
    dispose: () => step.dispose(),
  };
}

/** Inputs for random numbers, of so many samples and positions. */
export function drawSpecs(
  draws: NamedDraws,
  [batch, positions]: readonly [number, number],
): Record<string, TensorSpec> {
  return Object.fromEntries(
    Object.entries(draws).map(([name, { shape }]) => [
      name,
      { shape: [batch, positions, ...shape], dtype: 'float32' as const },
    ]),
  );
}
