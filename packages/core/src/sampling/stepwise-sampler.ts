import type * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import {
  elementCount,
  type HostTensor,
  type HostTensors,
  int32,
  type StepCompiler,
} from '@ar-distill/program';
import {
  checkCondition,
  type Condition,
  conditionInputs,
  conditionOf,
  conditionSpecs,
} from '../model/condition';
import { atUsualGuidance } from '../model/guidance-input';
import { type SequenceLayout, stepStarts } from '../model/sequence-layout';
import type { SequenceSampler } from '../model/sequence-sampler';
import { CarriedState } from './carried-state';
import { drawSpecs, type SamplerParts } from './compile-sampler';
import { drawPositions } from './draws';
import { requireFinite, sequencePlace } from './finite';

/** What the program of one AR step reads. */
export interface ArStepValues {
  readonly parameters: Parameters;
  readonly state: Readonly<Record<string, tf.Tensor>>;
  /** The named random numbers of the step's positions, [B, stepLength, …] each. */
  readonly draws: Readonly<Record<string, tf.Tensor>>;
  readonly condition: Condition;
  /** The first position of the step, an int32 scalar. */
  readonly start: tf.Tensor;
  /** The step's rows of `perStep`. */
  readonly perStep: Readonly<Record<string, tf.Tensor>>;
}

/** What it gives. */
export interface DrawnArStep {
  readonly state: Record<string, tf.Tensor>;
  /** Code vectors of the step, scaled, [B, stepLength, C]. */
  readonly sequence: tf.Tensor;
  /** Their tokens [B, stepLength] int32, when they are drawn as tokens. */
  readonly tokens?: tf.Tensor;
}

/** A sampler whose AR steps all have one length, so that one program serves them all. */
export interface StepwiseSampler extends SamplerParts {
  /**
   * What a step leaves to the next one, as it is before the first batch. A batch starts with what the
   * one before it left, finite values: the program must not read those of AR steps that are not drawn
   * yet. After a batch that failed everything is as it was before the first one.
   */
  initialState(): Readonly<HostTensors>;
  /** Values that differ from step to step, [steps, …]. */
  readonly perStep?: Readonly<HostTensors>;
  drawStep(values: ArStepValues): DrawnArStep;
}

/** Whether the layout has several AR steps of one length. */
export function hasEvenSteps({ stepLengths }: SequenceLayout): boolean {
  return stepLengths.length > 1 && stepLengths.every((own) => own === stepLengths[0]);
}

/**
 * A sampler that runs one program once per AR step: its size does not grow with their number. See
 * `compileSampler`.
 * @throws RangeError when the AR steps have several lengths.
 */
export async function compileStepwise(
  program: StepwiseSampler,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { name, layout, condition: space, batchSize, evaluations, draws, perStep = {} } = program;
  if (!hasEvenSteps(layout)) {
    throw new RangeError(`The AR steps of "${name}" have several lengths: compile them unrolled.`);
  }
  const steps = layout.stepLengths.length;
  const stepLength = layout.stepLengths[0]!;
  const store = await compiler.createStore(program.initialState());
  const carried = new CarriedState(store, () => program.initialState());
  const step = await compiler.compile(
    {
      name,
      state: Object.keys(store.specs),
      constants: program.weights,
      inputs: {
        ...drawSpecs(draws, [batchSize, stepLength]),
        ...conditionSpecs(space, [batchSize]),
        ...Object.fromEntries(
          Object.entries(perStep).map(([key, { shape, dtype }]) => [
            key,
            { shape: shape.slice(1), dtype },
          ]),
        ),
        [START]: { shape: [], dtype: 'int32' },
      },
      iterations: steps,
      fn: ({ state, constants, inputs }) => {
        const { state: next, ...outputs } = program.drawStep({
          parameters: constants,
          state,
          draws: inputs,
          condition: conditionOf(inputs),
          start: inputs[START]!,
          perStep: inputs,
        });
        return { state: next, outputs };
      },
    },
    store,
  );
  const start = int32([steps], Int32Array.from(stepStarts(layout)));
  return {
    batchSize,
    evaluations,
    async sample(asked, rng, firstSample) {
      const condition = atUsualGuidance(space, asked, batchSize);
      checkCondition(space, condition, batchSize);
      const drawn = drawPositions(draws, layout, rng, firstSample, batchSize);
      return carried.use(async () => {
        const { sequence, tokens } = (await step.run({
          ...mapValues(drawn, (values) => stepsFirst(values, steps)),
          ...mapValues(conditionInputs(condition), (value) => repeated(value, steps)),
          ...perStep,
          [START]: start,
        })) as { sequence: HostTensor; tokens?: HostTensor };
        const sequences = batchFirst(sequence);
        requireFinite(`The ${name}`, sequences, firstSample, sequencePlace(layout));
        return { sequence: sequences, ...(tokens ? { tokens: batchFirst(tokens) } : {}) };
      });
    },
    async dispose() {
      await step.dispose();
      await store.dispose();
    },
  };
}

const START = 'start';

function mapValues(
  values: Readonly<HostTensors>,
  change: (value: HostTensor) => HostTensor,
): HostTensors {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** [B, n, …] → [steps, B, n / steps, …]. */
function stepsFirst(value: HostTensor, steps: number): HostTensor {
  const [batch = 0, positions = 0, ...rest] = value.shape;
  return exchanged(value, [batch, steps], [steps, batch, positions / steps, ...rest]);
}

/** [steps, B, stepLength, …] → [B, n, …]. */
function batchFirst(value: HostTensor): HostTensor {
  const [steps = 0, batch = 0, stepLength = 0, ...rest] = value.shape;
  return exchanged(value, [steps, batch], [batch, steps * stepLength, ...rest]);
}

/** [a, b, …] → [b, a, …] in memory, under the given shape. */
function exchanged(
  value: HostTensor,
  [a, b]: readonly [number, number],
  shape: readonly number[],
): HostTensor {
  const size = elementCount(shape) / (a * b);
  const fill = <T extends Float32Array | Int32Array>(from: T, to: T): T => {
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) {
        const first = (i * b + j) * size;
        to.set(from.subarray(first, first + size), (j * a + i) * size);
      }
    }
    return to;
  };
  const { length } = value.data;
  return value.dtype === 'float32'
    ? { shape, dtype: value.dtype, data: fill(value.data, new Float32Array(length)) }
    : { shape, dtype: value.dtype, data: fill(value.data, new Int32Array(length)) };
}

/** […] → [count, …]. */
function repeated(value: HostTensor, count: number): HostTensor {
  const shape = [count, ...value.shape];
  const fill = <T extends Float32Array | Int32Array>(from: T, to: T): T => {
    for (let i = 0; i < count; i++) to.set(from, i * from.length);
    return to;
  };
  return value.dtype === 'float32'
    ? { shape, dtype: value.dtype, data: fill(value.data, new Float32Array(elementCount(shape))) }
    : { shape, dtype: value.dtype, data: fill(value.data, new Int32Array(elementCount(shape))) };
}
