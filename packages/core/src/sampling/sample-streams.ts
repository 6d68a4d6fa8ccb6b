import type { PositionDraws } from '../model/code-choice';
import type { SequenceLayout } from '../model/sequence-layout';

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
