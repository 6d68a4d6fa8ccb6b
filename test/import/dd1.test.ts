import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { readCheckpoint } from '@ar-distill/checkpoints';
import { type FlowMapNetwork, stepOfPosition } from '@ar-distill/core';
import { dd1, flowMapEmission } from '@ar-distill/core/methods';
import { createEngine } from '@ar-distill/engine';
import { type Parameters, toTensors } from '@ar-distill/nn';
import {
  contentsOf,
  llamagenDdNetwork,
  llamagenTokenizer,
  type StateDict,
  varDdNetwork,
  varTokenizer,
  varTransformer,
  writeTorchFile,
} from '@ar-distill/official-checkpoints';
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
import { loadModelDirectory } from '@ar-distill/runs';
import { importCheckpoints } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { readFixture, readFixtureConfig, relativeError, toTensor } from '../read-fixture';

const container = pluginContainer(varPlugin, llamagen);
const engine = createEngine({ worker: false, threads: 1 });
afterAll(() => engine.dispose());

const ofVarSizes = (sizes: unknown): FlowMapNetwork =>
  new VarFlowMapNetwork(varArchitectureSchema.parse(sizes));
const ofLlamagenSizes = (sizes: unknown): FlowMapNetwork =>
  new LlamagenFlowMapNetwork(llamagenArchitectureSchema.parse(sizes));

describe('networks of Distilled Decoding 1', () => {
  let folder: string;
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-dd1-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const run = async (files: readonly string[], config: object) => {
    const file = join(folder, 'sizes.json');
    await writeFile(file, JSON.stringify(config));
    return importCheckpoints(container, { files, config: file, out: join(folder, 'model') });
  };

  /** The network in a fixture of random weights, imported, and what the released code computed with it. */
  const imported = async (createNetwork: typeof ofVarSizes, name: string, keys: string[]) => {
    const { architecture, sampling } = readFixtureConfig(`parity/${name}`) as {
      architecture: Record<string, unknown>;
      sampling: { secondFrom: number; vectorsFrom: number };
    };
    const file = join(__dirname, '../fixtures/parity', name, 'weights.safetensors');
    const config = Object.fromEntries(keys.map((key) => [key, architecture[key]]));
    const { folder: model, networks } = await run([file], config);
    expect(networks.map(({ kind }) => kind)).toEqual(['dd1']);
    const { description, weights } = await loadModelDirectory(model);
    // What the tensors of a transformer do not tell is of no account to it.
    const { tokenizer } = architecture;
    const network = createNetwork({ ...description.architecture, tokenizer });
    const read = await Promise.all(
      Object.keys(network.parameterSpecs).map(
        async (key) => [key, await weights.read(key)] as const,
      ),
    );
    await weights.close();
    return {
      network,
      weights: Object.fromEntries(read),
      codes: (await readCheckpoint(file)).tensors['quantize.embedding.weight']!,
      sampling,
      expected: readFixture(`parity/${name}`),
    };
  };

  const families = [
    ['VAR-DD', ofVarSizes, 'var-dd-0-13', ['patchNums']],
    [
      'LlamaGen-DD',
      ofLlamagenSizes,
      'llamagen-dd-0-29',
      ['gridSize', 'heads', 'multipleOf', 'feedForwardMultiplier', 'ropeBase', 'normEpsilon'],
    ],
  ] as [string, typeof ofVarSizes, string, string[]][];

  it.each(families)(
    'of %s compute after their import what the released code does',
    async (_, ...fixture) => {
      const { network, weights, sampling, expected } = await imported(...fixture);
      const tokens = toTensor(expected('second_input'));
      const row = stepOfPosition(network.layout).map((step) =>
        step < sampling.secondFrom ? 1 : 0,
      );
      const isData = tf.tensor2d(Array.from({ length: tokens.shape[0]! }, () => row));
      const labels = toTensor(expected('labels'));
      const { logits, vectors } = network.predict(toTensors(weights), tokens, isData, { labels });
      expect(relativeError(logits, expected('second_logits'))).toBeLessThan(1e-4);
      expect(relativeError(vectors, expected('second_vectors'))).toBeLessThan(1e-4);
    },
  );

  it.each(families)(
    'of %s sample after their import what the released code does, in 1 step and in 2',
    async (name, ...fixture) => {
      const { network, weights, codes, sampling, expected } = await imported(...fixture);
      // LlamaGen's codes are of unit length wherever they are used.
      const scale = (code: tf.Tensor): tf.Tensor => code.div(code.norm(2, -1, true));
      const source = {
        weights: { codes },
        codebook: (given: Parameters) =>
          name === 'LlamaGen-DD' ? scale(given['codes']!) : given['codes']!,
      };
      const { secondFrom: secondStart, vectorsFrom: codeSteps } = sampling;
      const steps = { secondStart, codeSteps };
      const emission = await flowMapEmission(network.layout, source, steps, engine);
      const own = { ...varBackbone, createFlowMapNetwork: () => network };
      const generator = dd1.createGenerator!(own, {});
      const parameters = toTensors({ ...weights, ...emission });
      const noise = toTensor(expected('first_input'));
      const condition = { labels: toTensor(expected('labels')) };
      const one = generator.generate(parameters, noise, condition);
      expect(relativeError(one, expected('first_sequence'))).toBeLessThan(1e-4);
      const two = generator.generateInTwo!(parameters, noise, condition);
      expect(relativeError(two, expected('second_sequence'))).toBeLessThan(1e-4);
      expect(relativeError(one, expected('second_sequence'))).toBeGreaterThan(1e-2);
    },
  );

  const write = async (name: string, stateDict: StateDict): Promise<string> => {
    const file = join(folder, name);
    const contents = contentsOf({ wrapping: 'bare', stateDict: () => stateDict }, 'bare');
    await writeTorchFile(file, { type: 'F32', seed: 0, ...contents });
    return file;
  };
  const sizes = { depth: 1, width: 16, heads: 2, numClasses: 3, vocabSize: 8, channels: 4 };
  const tokenizer = { vocabSize: 8, channels: 4, baseChannels: 32, multipliers: [1, 1] };
  const ofVar = { ...sizes, patchNums: [1, 2] };
  const ofLlamagen = { ...sizes, multipleOf: 8 };

  it.each([
    [
      'VAR',
      varBackbone,
      varDdNetwork(ofVar),
      varTokenizer({ ...tokenizer, patchNums: [1, 2] }),
      { patchNums: [1, 2] },
    ],
    [
      'LlamaGen',
      llamagenBackbone,
      llamagenDdNetwork(ofLlamagen),
      llamagenTokenizer({ ...tokenizer, latentChannels: 32 }),
      { gridSize: 2, heads: 2, multipleOf: 8 },
    ],
  ])('of %s and their tokenizer make a whole model', async (_, backbone, network, vae, config) => {
    const files = [await write('vae.pth', vae), await write('network.pth', network)];
    const { folder: model } = await run(files, config);
    const { description, weights } = await loadModelDirectory(model);
    await weights.close();
    const architecture = backbone.architectureSchema.parse(description.architecture);
    expect(description.architecture).toEqual(architecture);
    expect(architecture.tokenizer.imageSize).toBe(4);
  });

  it('are not imported beside the teacher, whose names they have', async () => {
    const files = [
      await write('var.pth', varTransformer(ofVar)),
      await write('var-dd.pth', varDdNetwork(ofVar)),
    ];
    await expect(run(files, { patchNums: [1, 2] })).rejects.toThrow(
      'Two of the networks have a tensor "pos_start": import them one after the other.',
    );
    expect(await readdir(folder)).not.toContain('model');
  });
});
