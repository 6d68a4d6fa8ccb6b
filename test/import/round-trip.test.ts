import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { readCheckpoint, writeSafetensors } from '@ar-distill/checkpoints';
import { findPreset, STEP_COMPILER } from '@ar-distill/di';
import {
  contentsOf,
  type StateDict,
  varDdNetwork,
  varTokenizer,
  varTransformer,
  type Wrapping,
  writeTorchFile,
} from '@ar-distill/official-checkpoints';
import { LlamagenTeacher, plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin, VarTeacher } from '@ar-distill/plugin-var';
import { importCheckpoints, type ImportOptions } from '@ar-distill/workflows';
import { toTensors } from '@ar-distill/nn';
import { printEvent } from '../../packages/ar-distill/src/commands/print-event';
import { onPreset, openContext } from '../../packages/workflows/src/context';
import {
  loadPresetModels,
  type ModelFiles,
} from '../../packages/workflows/src/models/preset-models';
import { eagerCompiler } from '../core/eager-compiler';
import * as llamagenFixture from '../llamagen/fixture';
import { integers, plainSampling } from '../llamagen/fixture';
import { pluginContainer } from '../plugin-container';
import { readFixture, relativeError } from '../read-fixture';
import * as varFixture from '../var/fixture';

const fixtures = join(__dirname, '../fixtures');
const varFiles = ['vae.pth', 'var.pth'].map((name) => join(fixtures, 'var-tiny', name));
const llamagenFiles = ['vq.pt', 'gpt.pt'].map((name) => join(fixtures, 'llamagen-tiny', name));

describe('importing checkpoints', () => {
  let folder: string;
  let printed: string;
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-'));
    printed = '';
  });
  afterEach(() => rm(folder, { recursive: true }));

  const container = pluginContainer(varPlugin, llamagen);
  container.registerValue(STEP_COMPILER, eagerCompiler);
  const run = (options: ImportOptions, signal?: AbortSignal) =>
    importCheckpoints(
      container,
      { out: join(folder, 'model'), ...options },
      { signal, onEvent: (event) => printEvent(event, { write: (text) => (printed += text) }) },
    );
  const load = (preset: string, files: ModelFiles) =>
    loadPresetModels(onPreset(openContext(container), findPreset(container, preset)), files);

  it('keeps VAR and its tokenizer in parity with the official modules', async () => {
    const model = (await run({ files: varFiles })).folder;
    const models = await load('var-d16', { teacher: model });
    expect(models.architecture).toEqual(varFixture.tinyArchitecture);
    const teacher = models.teacher as VarTeacher;
    const parameters = toTensors(models.teacherWeights);
    const expected = varFixture.expectedArrays();
    const tokens = varFixture.toTensor(expected['tokens']!);
    const logits = teacher.logits(parameters, teacher.quantizer.lookUp(parameters, tokens), {
      labels: varFixture.toTensor(expected['labels']!),
    });
    const reference = varFixture.toTensor(expected['logits_cond']!);
    expect(varFixture.relativeError(logits, reference)).toBeLessThan(1e-4);
    const official = await varFixture.loadWeights();
    for (const [name, { data }] of Object.entries(models.tokenizer!.weights)) {
      expect(Buffer.compare(bytesOf(data), bytesOf(official[name]!.data))).toBe(0);
    }
  });

  it('keeps LlamaGen and its tokenizer in parity with the official modules', async () => {
    const model = (await run({ files: llamagenFiles })).folder;
    const models = await load('llamagen-L', { teacher: model });
    expect(models.architecture).toEqual(llamagenFixture.tinyArchitecture);
    const teacher = new LlamagenTeacher(llamagenFixture.tinyArchitecture, plainSampling);
    const parameters = toTensors(models.teacherWeights);
    const expected = readFixture('llamagen-tiny');
    const logits = teacher.logitsOfTokens(parameters, integers(expected('tokens')), {
      labels: integers(expected('labels')),
    });
    expect(relativeError(logits, expected('logits_cond'))).toBeLessThan(1e-4);
  });

  it('stores half-precision tensors as they are, and says what it found', async () => {
    const model = (await run({ files: varFiles })).folder;
    const { tensors } = await readCheckpoint(join(model, 'model-00001-of-00001.safetensors'));
    expect(Object.keys(tensors)).toHaveLength(319 + 34);
    const header = await readFile(join(model, 'model-00001-of-00001.safetensors'), 'latin1');
    expect(header).toContain('"encoder.conv_in.weight":{"dtype":"F16"');
    expect(header).toContain('"word_embed.weight":{"dtype":"F32"');
    expect(
      printed
        .split('\n')
        .slice(2, 4)
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      [
        'vae.pth',
        '(itself)',
        'VAR-VQVAE-ch32v64z8',
        'tokenizer',
        '319 + 1 buffers',
        '1.3M',
        'float16',
      ],
      [
        'var.pth',
        '(itself)',
        'VAR-depth2-width64',
        'teacher',
        '34 + 4 buffers',
        '165.3k',
        'float32',
      ],
    ]);
  });

  it('takes a tokenizer alone and a teacher alone, which fit together later', async () => {
    const tokenizer = (await run({ files: [varFiles[0]!], out: join(folder, 'a') })).folder;
    const teacher = (await run({ files: [varFiles[1]!], out: join(folder, 'b') })).folder;
    const models = await load('var-d16', { teacher, tokenizer });
    expect(models.architecture).toEqual(varFixture.tinyArchitecture);
    await expect(load('var-d16', { teacher: tokenizer, tokenizer })).rejects.toThrow(
      'holds a tokenizer where a teacher is needed',
    );
  });

  it('takes both networks out of what the VAR trainer saves, and a DD1 network', async () => {
    const sizes = { depth: 1, width: 16, heads: 2, patchNums: [1, 2], numClasses: 3 };
    const tokens = { vocabSize: 8, channels: 4, baseChannels: 32, multipliers: [1, 1] };
    const write = async (name: string, wrapping: Wrapping, stateDict: StateDict) => {
      const file = join(folder, name);
      const official = {
        wrapping,
        stateDict: () => stateDict,
        tokenizer: () => varTokenizer({ patchNums: sizes.patchNums, ...tokens }),
      };
      await writeTorchFile(file, { type: 'BF16', seed: 0, ...contentsOf(official, wrapping) });
      return file;
    };
    const config = join(folder, 'config.json');
    await writeFile(config, JSON.stringify({ patchNums: [1, 2] }));
    const transformer = varTransformer({ ...sizes, ...tokens });
    const trained = await write('ar-ckpt-last.pth', 'trainer', transformer);
    // The official tokenizer halves the image four times; this one once.
    const both = (await run({ files: [trained], out: join(folder, 'both') })).folder;
    const whole = JSON.parse(await readFile(join(both, 'config.json'), 'utf8')) as Config;
    expect(whole.architecture).toMatchObject({ patchNums: [1, 2], tokenizer: { imageSize: 4 } });
    const key = 'trainer.var_wo_ddp';
    const alone = (await run({ files: [trained], key, out: join(folder, 'a') })).folder;
    const config1 = JSON.parse(await readFile(join(alone, 'config.json'), 'utf8')) as Config;
    expect(config1.components.map(({ kind, source }) => [kind, source.path])).toEqual([
      ['teacher', key],
    ]);
    const network = varDdNetwork({ ...sizes, ...tokens });
    const dd1 = await write('var-d1.pth', 'trainer.ema_parameters', network);
    const stored = (await run({ files: [dd1], out: join(folder, 'b') })).folder;
    const config2 = JSON.parse(await readFile(join(stored, 'config.json'), 'utf8')) as Config;
    expect(config2.components[0]).toMatchObject({ kind: 'dd1', tensors: network.length - 3 });
    expect(config2.components[0]).toMatchObject({ provenance: { method: 'dd1' } });
    expect(printed).toContain('draw from it with --weights');
    await expect(load('var-d16', { teacher: stored })).rejects.toThrow('ships no tokenizer');
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(run({ files: varFiles }, controller.signal)).rejects.toThrow('aborted');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each<[string, Omit<ImportOptions, 'files'>, readonly string[], string]>([
    ['another plugin', { backbone: 'llamagen' }, varFiles, 'use --plugin var.'],
    ['an unknown plugin', { backbone: 'x' }, varFiles, 'There is no plugin "x"'],
    ['a key that is not there', { key: 'ema' }, llamagenFiles, 'no state dict "ema": it has model'],
    ['two teachers', {}, [varFiles[1]!, varFiles[1]!], 'both hold a teacher'],
    ['two families', {}, [varFiles[1]!, llamagenFiles[0]!], 'import them one after the other'],
    [
      'a file that is not there',
      {},
      [join(fixtures, 'none.pt')],
      'none.pt": name a checkpoint that is there.',
    ],
    ['arrays', {}, [join(fixtures, 'var-tiny/expected.safetensors')], 'of no network that "var"'],
  ])('refuses %s', async (_what, options, files, sentence) => {
    await expect(run({ ...options, files })).rejects.toThrow(sentence);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says what is wrong with a folder of another program whose index is damaged', async () => {
    const theirs = join(folder, 'theirs');
    await mkdir(theirs);
    await writeFile(join(theirs, 'config.json'), '{"model_type": "var"}');
    await writeFile(join(theirs, 'model.safetensors.index.json'), '{"weight_map": {');
    const message = await run({ files: [theirs] }).catch(String);
    expect(message).toMatch(/^CheckpointFormatError: ".*model\.safetensors\.index\.json": /);
  });

  it('says of a file without tensors that it holds none', async () => {
    const empty = join(folder, 'empty.safetensors');
    await writeSafetensors(empty, {});
    await expect(run({ files: [empty] })).rejects.toThrow(`"${empty}": it holds no tensors: name`);
  });

  it('does not write over a model', async () => {
    const { folder: model } = await run({ files: varFiles });
    const before = await readdir(model);
    await expect(run({ files: varFiles })).rejects.toThrow('exists already');
    expect(await readdir(model)).toEqual(before);
  });

  it('notices damage when a model directory is loaded', async () => {
    const model = (await run({ files: varFiles })).folder;
    const shard = join(model, 'model-00001-of-00001.safetensors');
    const bytes = await readFile(shard);
    bytes[bytes.length - 9]! ^= 1;
    await writeFile(shard, bytes);
    const loading = load('var-d16', { teacher: model });
    await expect(loading).rejects.toThrow('its SHA-256 is not the one in the index');
  });
});

interface Config {
  readonly architecture: object;
  readonly components: readonly { readonly kind: string; readonly source: { path: string } }[];
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
