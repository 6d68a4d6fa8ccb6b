import { float32, type HostTensors, type StepCompiler } from '@ar-distill/program';
import { sequenceLength } from '../model/sequence-layout';
import type { SequenceSampler } from '../model/sequence-sampler';
import type { VelocityNetwork } from '../model/velocity-network';
import { sampleArDiffusion, solveStep } from './ar-diffusion-sampler';
import { compileSampler, type SamplerParts } from './compile-sampler';
import { sampleNoise } from './sample-streams';
import { stepPositions } from './step-positions';
import { compileStepwise, hasEvenSteps } from './stepwise-sampler';

/** What is compiled. */
export interface ArDiffusionProgram {
  readonly network: VelocityNetwork;
  readonly weights: Readonly<HostTensors>;
  readonly batchSize: number;
  /** Euler steps per AR step. */
  readonly solverSteps: number;
}

/**
 * The AR-diffusion model as a sampler: the sequences of `sampleArDiffusion`. Its evaluations are those
 * of the backbone; the light head's are not counted. AR steps of one length (raster order) become one
 * program that runs once per step; steps of several lengths are unrolled.
 */
export function compileArDiffusion(
  { network, weights, batchSize, solverSteps }: ArDiffusionProgram,
  compiler: StepCompiler,
): Promise<SequenceSampler> {
  const { layout, condition } = network;
  const parts: SamplerParts = {
    name: 'AR-diffusion model',
    layout,
    condition,
    weights,
    batchSize,
    evaluations: layout.stepLengths.length,
    draws: { noise: sampleNoise(layout) },
  };
  if (!hasEvenSteps(layout)) {
    return compileSampler(
      {
        ...parts,
        sample: (parameters, { noise }, given) => ({
          sequence: sampleArDiffusion(network, parameters, noise!, given, solverSteps),
        }),
      },
      compiler,
    );
  }
  const length = sequenceLength(layout);
  const size = batchSize * length * layout.channels;
  return compileStepwise(
    {
      ...parts,
      initialState: () => ({
        sequence: float32([batchSize, length, layout.channels], new Float32Array(size)),
      }),
      drawStep: ({ parameters, state, draws, condition: given, start }) => {
        const positions = stepPositions(start, layout.stepLengths[0]!, length, batchSize);
        // Features depend on earlier AR steps only: what an earlier batch left is never read.
        const features = network.features(parameters, state['sequence']!, given);
        const own = positions.take(features);
        const data = solveStep(network, parameters, own, draws['noise']!, solverSteps);
        return { state: { sequence: positions.put(state['sequence']!, data) }, sequence: data };
      },
    },
    compiler,
  );
}
