import {
  elementCount,
  type HostTensor,
  type HostTensors,
  int32,
  type StepCompiler,
} from '@ar-distill/program';
import type { ArSteps, DrawArStep } from '../model/ar-steps';
import { checkCondition, conditionInputs } from '../model/condition';
import { atUsualGuidance } from '../model/guidance-input';
import { type SequenceLayout, stepStarts } from '../model/sequence-layout';
import type { SequenceSampler } from '../model/sequence-sampler';
import { arStepPrograms } from './ar-step-programs';
import { START } from './ar-step-signatures';
import { CarriedState } from './carried-state';
import type { SamplerParts } from './compile-sampler';
import { drawPositions } from './draws';
import { requireFinite, sequencePlace } from './finite';

/** A sampler whose AR steps all have one length, so that one program serves them all. */
export interface StepwiseSampler extends SamplerParts, ArSteps {
  readonly drawStep: DrawArStep;
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
  const store = await compiler.createStore(program.initialState());
  const carried = new CarriedState(store, () => program.initialState());
  const [single] = arStepPrograms(program, Object.keys(store.specs));
  const step = await compiler.compile({ ...single!, iterations: steps }, store);
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
