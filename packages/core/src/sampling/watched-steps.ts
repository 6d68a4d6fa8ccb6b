import {
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  type Rng,
} from '@ar-distill/program';
import { type SequenceLayout, sequenceLength, stepStarts } from '../model/sequence-layout';
import type { SampledSequences } from '../model/sequence-sampler';
import { requireFinite, sequencePlace } from './finite';

/** What a teacher has drawn after an AR step. */
export interface WatchedStep {
  /** AR steps done, from 1. */
  readonly step: number;
  /** AR steps of a sequence. */
  readonly steps: number;
  /** [B, n, C], scaled; zeros where nothing is drawn yet. */
  readonly sequence: HostTensor;
}

/** Is awaited after every AR step. */
export type OnWatchedStep = (step: WatchedStep) => void | Promise<void>;

/** A teacher that shows every AR step. */
export interface WatchedTeacher {
  readonly batchSize: number;
  /**
   * As a `SequenceSampler`, the same sequences. Rejects with a `NonFiniteError` before it shows a step that
   * is not finite.
   */
  sample(
    condition: Readonly<HostTensors>,
    rng: Rng,
    firstSample: number,
    onStep: OnWatchedStep,
  ): Promise<SampledSequences>;
  dispose(): Promise<void>;
}

/** Positions of one AR step. */
export interface StepRange {
  /** Of the AR steps, from 0. */
  readonly index: number;
  /** The first position. */
  readonly start: number;
  readonly count: number;
}

/** What is drawn at the positions of an AR step: code vectors [B, count, C], scaled, and tokens [B, count]. */
export type DrawnPositions = Readonly<Record<'sequence' | 'tokens', HostTensor>>;

/** Whose AR steps are drawn. */
export interface WatchedParts {
  /** In errors, behind an article. */
  readonly name: string;
  readonly layout: SequenceLayout;
  readonly batchSize: number;
}

/**
 * Draws AR step after AR step and shows each. `draw` gets the sequence [B, n, C] so far, zeros where nothing is
 * drawn yet.
 * @throws NonFiniteError when a step is not finite.
 */
export async function watchSteps(
  { name, layout, batchSize }: WatchedParts,
  firstSample: number,
  draw: (range: StepRange, sequence: HostTensor) => Promise<DrawnPositions>,
  onStep: OnWatchedStep,
): Promise<SampledSequences> {
  const length = sequenceLength(layout);
  const shape = [batchSize, length, layout.channels];
  const sequence = float32(shape, new Float32Array(elementCount(shape)));
  const tokens = new Int32Array(batchSize * length);
  const starts = stepStarts(layout);
  for (const [index, start] of starts.entries()) {
    const range = { index, start, count: layout.stepLengths[index]! };
    const drawn = await draw(range, sequence);
    putPositions(drawn.sequence, sequence.data, batchSize, length, start);
    putPositions(drawn.tokens, tokens, batchSize, length, start);
    // A copy: the caller may keep it.
    const shown = float32(shape, Float32Array.from(sequence.data));
    requireFinite(`The ${name}`, shown, firstSample, sequencePlace(layout));
    await onStep({ step: index + 1, steps: starts.length, sequence: shown });
  }
  return { sequence, tokens: { shape: [batchSize, length], dtype: 'int32', data: tokens } };
}

/** Positions of [B, n, …]: [B, count, …]. */
export function takePositions(
  { shape, ...value }: HostTensor,
  { start, count }: Pick<StepRange, 'start' | 'count'>,
): HostTensor {
  const [batch = 0, length = 0, ...rest] = shape;
  const size = elementCount(rest);
  const taken = [batch, count, ...rest];
  const fill = <A extends Float32Array | Int32Array>(from: A, to: A): A => {
    for (let b = 0; b < batch; b++) {
      const first = (b * length + start) * size;
      to.set(from.subarray(first, first + count * size), b * count * size);
    }
    return to;
  };
  return value.dtype === 'float32'
    ? {
        shape: taken,
        dtype: value.dtype,
        data: fill(value.data, new Float32Array(elementCount(taken))),
      }
    : {
        shape: taken,
        dtype: value.dtype,
        data: fill(value.data, new Int32Array(elementCount(taken))),
      };
}

/** Writes [B, count, …] to the positions from `start` on of [B, length, …]. */
function putPositions(
  { shape, data }: HostTensor,
  to: Float32Array | Int32Array,
  batch: number,
  length: number,
  start: number,
): void {
  const own = data.length / batch;
  const size = own / shape[1]!;
  for (let b = 0; b < batch; b++) {
    to.set(data.subarray(b * own, (b + 1) * own), (b * length + start) * size);
  }
}
