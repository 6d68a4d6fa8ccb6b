import { readSafetensors } from '@ar-distill/checkpoints';
import { type FlowMapNetwork, sequenceLength } from '@ar-distill/core';
import { differentiate } from '@ar-distill/core/optimization';
import { createEngine } from '@ar-distill/engine';
import { initializeParameters, type Parameters, toTensors } from '@ar-distill/nn';
import {
  llamagenArchitectureSchema,
  llamagenBackbone,
  LlamagenFlowMapNetwork,
  plugin as llamagen,
} from '@ar-distill/plugin-llamagen';
import {
  plugin as varPlugin,
  varArchitectureSchema,
  varBackbone,
  VarFlowMapNetwork,
} from '@ar-distill/plugin-var';
import { createRng, float32, type HostTensors, int32 } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';

const engine = createEngine({ worker: false, threads: 1 });
const rng = createRng(0);

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => engine.dispose());

/** Two sequences of noise after a first token that is data. */
function inputsOf({ layout }: FlowMapNetwork): HostTensors {
  const length = sequenceLength(layout);
  const isData = new Float32Array(2 * length);
  isData[0] = 1;
  isData[length] = 1;
  return {
    tokens: float32(
      [2, length, layout.channels],
      rng.normal('tokens', 0, 2 * length * layout.channels),
    ),
    isData: float32([2, length], isData),
    labels: int32([2], Int32Array.of(0, 2)),
  };
}

/** Mean of the squares of all that the network says, and its gradient in all parameters. */
function lossAndGradients(
  network: FlowMapNetwork,
  parameters: Parameters,
  { tokens, isData, labels }: Readonly<Record<string, tf.Tensor>>,
): Record<string, tf.Tensor> {
  const { loss, gradients } = differentiate(
    (own) => {
      const said = network.predict(own, tokens!, isData!, { labels: labels! });
      return { loss: said.logits.square().mean().add(said.vectors.square().mean()), metrics: {} };
    },
    parameters,
    Object.keys(parameters),
  );
  return { loss, ...gradients };
}

it.each([
  ['VAR', varBackbone.createFlowMapNetwork!(varBackbone.smallArchitecture!)],
  ['LlamaGen', llamagenBackbone.createFlowMapNetwork!(llamagenBackbone.smallArchitecture!)],
])('the compiled network of %s has the gradients of tfjs', async (_, network) => {
  const weights = initializeParameters(network.parameterSpecs, rng);
  const inputs = inputsOf(network);
  const step = await engine.compile({
    name: 'flow-map gradients',
    inputs: { ...inputs, ...weights },
    fn: ({ inputs: { tokens, isData, labels, ...parameters } }) => ({
      outputs: lossAndGradients(network, parameters, { tokens, isData, labels } as Parameters),
    }),
  });
  const compiled = await step.run({ ...inputs, ...weights });
  await step.dispose();
  const eager = lossAndGradients(network, toTensors(weights), toTensors(inputs));
  for (const [name, expected] of Object.entries(eager)) {
    const { data, shape } = compiled[name]!;
    const difference = tf
      .tensor(data, [...shape])
      .sub(expected)
      .abs()
      .max()
      .dataSync()[0]!;
    const scale = expected.abs().max().dataSync()[0]!;
    expect([name, difference <= 1e-4 * scale + 1e-7]).toEqual([name, true]);
  }
});

const ofVar = (architecture: unknown): FlowMapNetwork =>
  new VarFlowMapNetwork(varArchitectureSchema.parse(architecture));
const ofLlamagen = (architecture: unknown): FlowMapNetwork =>
  new LlamagenFlowMapNetwork(llamagenArchitectureSchema.parse(architecture));

it.each([
  ['mnist-var', ofVar, varPlugin.presets!['mnist-var']!],
  ['mnist-llamagen', ofLlamagen, llamagen.presets!['mnist-llamagen']!],
])('starts from the teacher of %s', async (_, createNetwork, { architecture, weights }) => {
  const network = createNetwork(architecture);
  const teacher = await readSafetensors(weights!.teacher!);
  const inputs = inputsOf(network);
  const step = await engine.compile({
    name: 'flow-map network',
    constants: network.initializeFromTeacher(teacher.tensors, rng),
    inputs,
    fn: ({ constants, inputs: { tokens, isData, labels } }) => {
      const said = network.predict(constants, tokens!, isData!, { labels: labels! });
      return { outputs: { ...said } };
    },
  });
  const { logits, vectors } = await step.run(inputs);
  await step.dispose();
  for (const { data } of [logits!, vectors!]) {
    expect(data.every(Number.isFinite)).toBe(true);
    expect(new Set(data).size).toBeGreaterThan(data.length / 2);
  }
});
