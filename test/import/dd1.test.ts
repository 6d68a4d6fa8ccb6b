import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type FlowMapNetwork, stepOfPosition } from '@ar-distill/core';
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
import { toTensors } from '../llamagen/fixture';
import { pluginContainer } from '../plugin-container';
import { readFixture, readFixtureConfig, relativeError, toTensor } from '../read-fixture';

const container = pluginContainer(varPlugin, llamagen);

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

  it.each([
    ['VAR-DD', ofVarSizes, 'var-dd-0-13', ['patchNums']],
    [
      'LlamaGen-DD',
      ofLlamagenSizes,
      'llamagen-dd-0-29',
      ['gridSize', 'heads', 'multipleOf', 'feedForwardMultiplier', 'ropeBase', 'normEpsilon'],
    ],
  ])(
    'of %s compute after their import what the released code does',
    async (_, createNetwork, name, keys) => {
      const { architecture, sampling } = readFixtureConfig(`parity/${name}`) as {
        architecture: Record<string, unknown>;
        sampling: { secondFrom: number };
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
      const expected = readFixture(`parity/${name}`);
      const tokens = toTensor(expected('second_input'));
      const row = stepOfPosition(network.layout).map((step) =>
        step < sampling.secondFrom ? 1 : 0,
      );
      const isData = tf.tensor2d(Array.from({ length: tokens.shape[0]! }, () => row));
      const { logits, vectors } = network.predict(
        toTensors(Object.fromEntries(read)),
        tokens,
        isData,
        {
          labels: toTensor(expected('labels')),
        },
      );
      expect(relativeError(logits, expected('second_logits'))).toBeLessThan(1e-4);
      expect(relativeError(vectors, expected('second_vectors'))).toBeLessThan(1e-4);
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
