import * as tf from '@tensorflow/tfjs';
import type { Backbone, Condition, FlowMapPrediction } from '@ar-distill/core';
import { initializeParameters, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import {
  type LlamagenArchitecture,
  llamagenBackbone,
  LlamagenFlowMapNetwork,
} from '@ar-distill/plugin-llamagen';
import { toyBackbone } from '@ar-distill/plugin-toy';
import { varBackbone } from '@ar-distill/plugin-var';
import type { HostTensors, Rng } from '@ar-distill/program';
import { flowMapChecks } from '../../packages/conformance/src/flow-map-checks';
import { createParts } from '../../packages/conformance/src/parts';
import {
  createSubject,
  DEFAULT_SAMPLING,
  disposeSubject,
} from '../../packages/conformance/src/subject';
import { hashRng } from './hash-rng';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** The first rule that a backbone's flow-map network breaks, as `id: sentence`. */
async function firstBroken<A>(backbone: Backbone<A>): Promise<string | undefined> {
  const architecture = backbone.smallArchitecture!;
  const general = backbone as Backbone;
  const parts = createParts(general, architecture, DEFAULT_SAMPLING);
  const subject = createSubject(general, architecture, parts, { rng: hashRng(3) });
  try {
    for (const { id, run, exempts } of flowMapChecks) {
      if (exempts?.(subject) !== undefined) return `${id}: exempt`;
      try {
        await run(subject);
      } catch (error) {
        return `${id}: ${(error as Error).message}`;
      }
    }
    return undefined;
  } finally {
    disposeSubject(subject);
  }
}

/** LlamaGen's, with something wrong. */
class Broken extends LlamagenFlowMapNetwork {
  override readonly parameterSpecs: ParameterSpecs;

  constructor(
    architecture: LlamagenArchitecture,
    private readonly fault: string,
  ) {
    super(architecture);
    const { parameterSpecs } = new LlamagenFlowMapNetwork(architecture);
    const spare = { 'spare.weight': { shape: [2], init: { kind: 'zeros' } } } as const;
    this.parameterSpecs = { ...parameterSpecs, ...(fault === 'spare' ? spare : {}) };
  }

  override initializeFromTeacher(teacherWeights: Readonly<HostTensors>, rng: Rng): HostTensors {
    if (this.fault === 'fresh') return initializeParameters(this.parameterSpecs, rng);
    const start = super.initializeFromTeacher(teacherWeights, rng);
    if (this.fault === 'written') teacherWeights['norm.weight']!.data.fill(0);
    if (this.fault === 'incomplete') delete start['norm.weight'];
    return start;
  }

  override predict(
    parameters: Parameters,
    tokens: tf.Tensor,
    isData: tf.Tensor,
    condition: Condition,
  ): FlowMapPrediction {
    const kinds = this.fault === 'blind' ? tf.zerosLike(isData) : isData;
    const { logits, vectors } = super.predict(parameters, tokens, kinds, condition);
    switch (this.fault) {
      case 'infinite':
        return { logits: logits.div(0), vectors };
      case 'shapes':
        return { logits, vectors: vectors.expandDims(0) };
      case 'leak':
        return { logits: logits.add(tokens.mean()), vectors };
      case 'unread':
        return { logits, vectors: tokens };
      default:
        return { logits, vectors };
    }
  }
}

it('passes the networks of VAR, LlamaGen and the toy', async () => {
  expect(await firstBroken(varBackbone)).toBeUndefined();
  expect(await firstBroken(llamagenBackbone)).toBeUndefined();
  expect(await firstBroken(toyBackbone)).toBeUndefined();
});

it('says nothing of a backbone without one', async () => {
  const { createFlowMapNetwork, ...without } = llamagenBackbone;
  expect(createFlowMapNetwork).toBeDefined();
  expect(await firstBroken(without)).toBe('flow-map-weights: exempt');
});

it.each([
  ['incomplete', 'flow-map-weights: It leaves out "norm.weight".'],
  ['fresh', 'flow-map-weights: It starts with the same weights for another teacher'],
  ['written', 'flow-map-weights: initializeFromTeacher changes the weights of the teacher'],
  ['infinite', 'flow-map-shapes: logits has values that are NaN'],
  ['shapes', 'flow-map-shapes: vectors of 1 has the shape'],
  ['leak', 'flow-map-causality: The logits of position 0 depend on the token of position 1'],
  [
    'unread',
    'flow-map-causality: The vectors of position 1 do not depend on the token of position 0',
  ],
  ['blind', 'flow-map-causality: The logits of position 0 do not depend on the kind of position 0'],
  ['spare', 'flow-map-gradients: No gradient reaches "spare.weight"'],
])('finds the fault "%s"', async (fault, sentence) => {
  const createFlowMapNetwork = (architecture: LlamagenArchitecture) =>
    new Broken(architecture, fault);
  expect(await firstBroken({ ...llamagenBackbone, createFlowMapNetwork })).toContain(sentence);
});
