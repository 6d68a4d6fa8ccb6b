import type { HostTensors, ProgramSignature } from '@ar-distill/program';
import { conditionSpecs } from '../model/condition';
import { drawSpecs, type SamplerParts } from './compile-sampler';

/** What is known of AR steps without the network that draws them: enough to run their programs. */
export interface ArStepParts extends Pick<
  SamplerParts,
  'name' | 'layout' | 'condition' | 'batchSize' | 'draws'
> {
  /** See `ArSteps`. */
  readonly perStep?: Readonly<HostTensors>;
}

/** Input that says the first position of the step. */
export const START = 'start';

/**
 * What the programs of the AR steps read: one program for all of them, or one for each.
 * @param state names of what a step leaves to the next one.
 */
export function arStepSignatures(
  { name, layout, condition, batchSize, draws, perStep = {} }: ArStepParts,
  state: readonly string[],
  isShared: boolean,
): readonly ProgramSignature[] {
  const lengths = isShared ? layout.stepLengths.slice(0, 1) : layout.stepLengths;
  return lengths.map((length, step) => ({
    name: isShared ? name : `${name}: AR step ${step + 1}`,
    state,
    inputs: {
      ...drawSpecs(draws, [batchSize, length]),
      ...conditionSpecs(condition, [batchSize]),
      ...Object.fromEntries(
        Object.entries(perStep).map(([key, { shape, dtype }]) => [
          key,
          { shape: shape.slice(1), dtype },
        ]),
      ),
      [START]: { shape: [], dtype: 'int32' },
    },
  }));
}
