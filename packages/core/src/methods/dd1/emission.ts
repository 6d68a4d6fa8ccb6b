import type { Parameters, ParameterSpecs } from '@ar-distill/nn';
import { float32, type HostTensor, type HostTensors, type StepCompiler } from '@ar-distill/program';
import type * as tf from '@tensorflow/tfjs';
import { type SequenceLayout, sequenceLength, stepOfPosition } from '../../model/sequence-layout';
import { disposing } from '../../optimization/disposing';
import type { Dd1Settings } from './dd1-settings';

/** Names of what a generator keeps beside the weights of its network. */
export const CODEBOOK = 'emitted.codebook';
export const IS_CODE = 'emitted.isCode';
export const IS_KEPT = 'emitted.isKept';

/** What of the settings says how a network draws. */
export type EmissionSettings = Pick<Dd1Settings, 'codeSteps' | 'secondStart'>;

/** Scaled codes [V, C] among weights. */
export interface CodebookSource {
  readonly weights: Readonly<HostTensors>;
  codebook(parameters: Parameters): tf.Tensor;
}

/** Of the tensors that `flowMapEmission` makes. */
export function emissionSpecs(layout: SequenceLayout, vocabSize: number): ParameterSpecs {
  const mask = { shape: [sequenceLength(layout)], init: { kind: 'zeros' } } as const;
  return {
    [CODEBOOK]: { shape: [vocabSize, layout.channels], init: { kind: 'zeros' } },
    [IS_CODE]: mask,
    [IS_KEPT]: mask,
  };
}

/**
 * What the weights of a generator hold beside those of its network: the codes, and which positions emit one
 * and which of them a second evaluation keeps.
 * @throws RangeError when the settings do not fit the layout (`whyNoEmission`).
 */
export async function flowMapEmission(
  layout: SequenceLayout,
  source: CodebookSource,
  settings: EmissionSettings,
  compiler: StepCompiler,
): Promise<HostTensors> {
  const reason = whyNoEmission(layout, settings);
  if (reason !== undefined) throw new RangeError(reason);
  const { codeSteps, secondStart = 0 } = settings;
  return {
    [CODEBOOK]: await readCodebook(source, compiler),
    [IS_CODE]: maskBefore(layout, codeSteps),
    [IS_KEPT]: maskBefore(layout, secondStart),
  };
}

/** Why the AR steps of the settings are none of the layout, and the mend; undefined when they are. */
export function whyNoEmission(
  { stepLengths: { length: steps } }: SequenceLayout,
  { codeSteps, secondStart = 0 }: EmissionSettings,
): string | undefined {
  if (codeSteps > steps) {
    return `There are ${steps} AR steps: set codeSteps to ${steps} or less, not ${codeSteps}.`;
  }
  if (secondStart >= steps) {
    return `There are ${steps} AR steps, of which the second evaluation needs one or more: set secondStart below ${steps}, not to ${secondStart}.`;
  }
  return undefined;
}

/** 1 at the positions of the first AR steps, 0 at the others, [n]. */
function maskBefore(layout: SequenceLayout, steps: number): HostTensor {
  const mask = stepOfPosition(layout).map((step) => (step < steps ? 1 : 0));
  return float32([mask.length], Float32Array.from(mask));
}

function readCodebook(
  { weights, codebook }: CodebookSource,
  compiler: StepCompiler,
): Promise<HostTensor> {
  return disposing(async (own) => {
    const step = own(
      await compiler.compile({
        name: 'codebook',
        constants: weights,
        inputs: {},
        fn: ({ constants }) => ({ outputs: { codebook: codebook(constants) } }),
      }),
    );
    return (await step.run({}))['codebook']!;
  });
}
