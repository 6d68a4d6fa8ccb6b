import type { HostTensor, Rng } from '@ar-distill/program';
import type { PositionDraws } from '../model/code-choice';
import { type SequenceLayout, sequenceLength } from '../model/sequence-layout';
import { drawNoise } from './draws';

/** The noise that a sequence is made of: the same sample number gives all models the same noise. */
export function sampleNoise({ channels }: SequenceLayout): PositionDraws {
  return { kind: 'normal', stream: 'sample/noise', shape: [channels] };
}

/** Where a teacher's draws after a generator's come from. */
export const SAMPLE_UNIFORMS: PositionDraws = {
  kind: 'uniform',
  stream: 'sample/uniforms',
  shape: [],
};

/** The noise [count, n, C] of consecutive samples, as all one-step samplers draw it. */
export function drawSampleNoise(
  layout: SequenceLayout,
  rng: Rng,
  firstSample: number,
  count: number,
): HostTensor {
  const { stream, shape } = sampleNoise(layout);
  return drawNoise(rng, stream, firstSample, count, [sequenceLength(layout), ...shape]);
}
