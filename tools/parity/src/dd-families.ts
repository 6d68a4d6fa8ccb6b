import * as tf from '@tensorflow/tfjs';
import { type FlowMapNetwork, stepOfPosition } from '@ar-distill/core';
import { LlamagenFlowMapNetwork } from '@ar-distill/plugin-llamagen';
import { VarFlowMapNetwork } from '@ar-distill/plugin-var';
import type { HostTensors, StepCompiler } from '@ar-distill/program';
import { compareAll, compareTokens, type Outcome } from './compare';
import { evaluate, pickArrays } from './evaluate';
import type { Family, TeacherFamily } from './family';
import { llamagenFamily } from './llamagen-family';
import { varFamily } from './var-family';

/** How a network of Distilled Decoding 1 is sampled, in AR steps counted from 0. */
export interface FewSteps {
  /** The first one that the second evaluation draws again. */
  readonly secondFrom: number;
  /** The first one of which the vectors are taken; those before are the codes of the best logits. */
  readonly vectorsFrom: number;
}

const CODES = 'quantize.embedding.weight';

/** The networks of Distilled Decoding 1 on VAR and LlamaGen, as released. */
export const varDdFamily = ddFamily(
  varFamily,
  (architecture) => new VarFlowMapNetwork(architecture),
  {
    name: 'var-dd',
    driver: 'var_dd_driver.py',
    landmark: 'models/dd.py',
  },
);
export const llamagenDdFamily = ddFamily(
  llamagenFamily,
  (architecture) => new LlamagenFlowMapNetwork(architecture),
  {
    name: 'llamagen-dd',
    driver: 'llamagen_dd_driver.py',
    landmark: 'autoregressive/models/dd.py',
  },
);

/** The family of networks with the architectures of `teachers`. */
function ddFamily<A>(
  teachers: TeacherFamily<A>,
  createNetwork: (architecture: A) => FlowMapNetwork,
  official: Pick<Family<A, FewSteps>, 'name' | 'driver' | 'landmark'>,
): Family<A, FewSteps> {
  return {
    ...official,
    states: ['network', 'codes'],
    schema: teachers.schema,
    buffers: teachers.buffers,
    configure: (rng, index) => {
      const { seed, batchSize, architecture } = teachers.configure(rng, index);
      const steps = createNetwork(architecture).layout.stepLengths.length;
      const step = (stream: string, count: number): number =>
        rng.integers(stream, index, 1, count)[0]!;
      const sampling = {
        secondFrom: 1 + step('second from', steps - 1),
        vectorsFrom: step('vectors from', steps + 1),
      };
      return { seed, batchSize, sampling, architecture };
    },
    describe: ({ architecture, sampling: { secondFrom, vectorsFrom } }) =>
      `${teachers.describeArchitecture(architecture)} · again from ${secondFrom}, vectors from ${vectorsFrom}`,
    specs: (architecture) => ({
      transformer: {
        ...createNetwork(architecture).parameterSpecs,
        [CODES]: teachers.specs(architecture).transformer[CODES]!,
      },
    }),
    transformer: ({ architecture, sampling }, weights, official, compiler) =>
      comparePredictions(createNetwork(architecture), sampling, weights, official, compiler),
  };
}

/** What the network says of the inputs of both evaluations. */
async function comparePredictions(
  network: FlowMapNetwork,
  { secondFrom }: FewSteps,
  weights: HostTensors,
  official: HostTensors,
  compiler: StepCompiler,
): Promise<Outcome[]> {
  const inputs = pickArrays(official, ['labels', 'first_input', 'second_input']);
  const [batch] = inputs.labels.shape as [number];
  const steps = stepOfPosition(network.layout);
  const arrays: HostTensors = {};
  const outcomes: Outcome[] = [];
  for (const [evaluation, start] of [
    ['first', 0],
    ['second', secondFrom],
  ] as const) {
    const { logits, vectors, tokens } = await evaluate(
      compiler,
      `${evaluation} evaluation`,
      weights,
      { labels: inputs.labels, tokens: inputs[`${evaluation}_input`] },
      (parameters, given) => {
        const { labels, tokens: read } = given as Record<'labels' | 'tokens', tf.Tensor>;
        const isData = tf.tensor2d(
          Array.from({ length: batch }, () => steps.map((step) => (step < start ? 1 : 0))),
        );
        const prediction = network.predict(parameters, read, isData, { labels });
        return { ...prediction, tokens: prediction.logits.argMax(2) };
      },
    );
    arrays[`${evaluation}_logits`] = logits!;
    arrays[`${evaluation}_vectors`] = vectors!;
    outcomes.push(compareTokens(`${evaluation}_tokens`, tokens!, official));
  }
  return [...compareAll(arrays, official), ...outcomes];
}
