import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  contentsOf,
  llamagenTokenizer,
  llamagenTransformer,
  type StateDict,
  writeTorchFile,
} from '@ar-distill/official-checkpoints';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { importCheckpoints, type WorkflowEvent } from '@ar-distill/workflows';
import { openContext } from '../../packages/workflows/src/context';
import { findModelSource } from '../../packages/workflows/src/models/model-source';
import { loadPresetModels } from '../../packages/workflows/src/models/preset-models';
import { resolvePreset } from '../../packages/workflows/src/models/resolve-preset';
import type { TeacherSamplingChoice } from '../../packages/workflows/src/models/teacher-sampling';
import { pluginContainer } from '../plugin-container';

const folder = mkdtempSync(path.join(tmpdir(), 'no-preset-'));
const at = (name: string): string => path.join(folder, name);
const container = pluginContainer(varPlugin, llamagen);
/** A small LlamaGen of 4×4 tokens whose tokenizer makes 8×8 pixels of each: four levels, as VQ-8. */
const sizes = { depth: 2, heads: 4, width: 64, multipleOf: 32, vocabSize: 50, numClasses: 7 };
const tokenizer = {
  multipliers: [1, 2, 2, 4],
  baseChannels: 32,
  vocabSize: 50,
  channels: 8,
  latentChannels: 32,
};

async function write(name: string, stateDict: StateDict): Promise<string> {
  const official = { wrapping: 'model' as const, stateDict: () => stateDict };
  const file = at(name);
  await writeTorchFile(file, { type: 'F32', seed: 1, ...contentsOf(official, 'model') });
  return file;
}

let model: string;
let files: [string, string];
const config = at('given.json');
beforeAll(async () => {
  files = [
    await write('vq_ds8.pt', llamagenTokenizer(tokenizer)),
    await write('gpt.pt', llamagenTransformer(sizes)),
  ];
  writeFileSync(config, JSON.stringify({ gridSize: 4, n_head: 4, multiple_of: 32 }));
  const imported = await importCheckpoints(container, { files, config, out: at('model') });
  model = imported.folder;
  expect(imported.preset).toBeUndefined();
});
afterAll(() => rmSync(folder, { recursive: true }));

function resolve(choice: object) {
  const said: string[] = [];
  const onEvent = (event: WorkflowEvent): void => {
    if (event.kind === 'message') said.push(event.text);
  };
  const context = openContext(container, { onEvent });
  return resolvePreset(context, { defaultPreset: 'mnist-var', ...choice }).then((found) => ({
    context: found,
    said,
  }));
}

it('an 8× tokenizer and its transformer are one model, whose image size follows from both', () => {
  const { architecture } = JSON.parse(readFileSync(path.join(model, 'config.json'), 'utf8')) as {
    architecture: { gridSize: number; tokenizer: object };
  };
  expect(architecture).toMatchObject({ gridSize: 4, tokenizer: { imageSize: 32 } });
});

it.each([
  [16, 128],
  [24, 192],
])('the same with a grid of %i: %i pixels', async (gridSize, imageSize) => {
  const own = at(`grid-${gridSize}.json`);
  writeFileSync(own, JSON.stringify({ gridSize, n_head: 4, multiple_of: 32 }));
  const out = at(`model-${gridSize}`);
  await importCheckpoints(container, { files, config: own, out });
  const text = readFileSync(path.join(out, 'config.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ architecture: { tokenizer: { imageSize } } });
});

it('a size of the image that does not follow is refused by name', async () => {
  const own = at('contradicts.json');
  const keys = { gridSize: 4, n_head: 4, multiple_of: 32, tokenizer: { imageSize: 64 } };
  writeFileSync(own, JSON.stringify(keys));
  await expect(
    importCheckpoints(container, { files, config: own, out: at('never') }),
  ).rejects.toThrow('the "tokenizer.imageSize" of the config does not fit the networks');
});

it('a model of no preset is used by its own plugin, with settings that are said', async () => {
  const { context, said } = await resolve({ teacher: model });
  expect(context.found.backbone.name).toBe('llamagen');
  const { weights, dataset } = context.found.preset;
  expect({ weights, dataset }).toEqual({ weights: undefined, dataset: undefined });
  const sampling = context.found.preset.teacherSampling;
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(`"${model}" has the sizes of no preset`);
  expect(said[0]).toContain(`settings of llamagen:${context.found.name}`);
  expect(said[0]).toContain(`guidance ${sampling.guidanceScale}, top-k`);
  const models = await loadPresetModels(context, { teacher: model });
  expect(models.teacher.layout.stepLengths).toHaveLength(16);
  expect(models.tokenizer!.tokenizer.imageShape).toEqual([32, 32, 3]);
});

it('tokenizer and teacher that were imported one by one fit together, too', async () => {
  const alone = await importCheckpoints(container, { files: [files[0]], out: at('tokenizer') });
  const teacher = await importCheckpoints(container, {
    files: [files[1]],
    config,
    out: at('teacher'),
  });
  const { context } = await resolve({ teacher: teacher.folder, tokenizer: alone.folder });
  const models = await loadPresetModels(context, {
    teacher: teacher.folder,
    tokenizer: alone.folder,
  });
  expect(models.tokenizer!.tokenizer.imageShape).toEqual([32, 32, 3]);
});

it('guidance, top-k and top-p can be given, and reach the teacher', async () => {
  const given = { guidance: 1.5, topK: 3, topP: 0.5 };
  const { context, said } = await resolve({ teacher: model, ...given });
  expect(said[0]).toContain('guidance 1.5, top-k 3, top-p 0.5');
  const expected = { guidanceScale: 1.5, topK: 3, topP: 0.5, temperature: 1 };
  expect((await loadPresetModels(context, { teacher: model })).sampling).toEqual(expected);
  const named = await resolve({ preset: 'mnist-llamagen', teacher: true, guidance: 0 });
  expect(named.context.found.preset.teacherSampling.guidanceScale).toBe(0);
  expect(named.said).toEqual([]);
});

it.each<[string, TeacherSamplingChoice & { teacher?: boolean }, string]>([
  ['a negative guidance', { teacher: true, guidance: -1 }, 'The guidance must be a number from 0'],
  ['half a token', { teacher: true, topK: 1.5 }, 'The top-k must be a whole number'],
  ['no probability', { teacher: true, topP: 0 }, 'The top-p must be a number above 0'],
  ['too much', { teacher: true, topP: NaN }, 'The top-p must be a number above 0'],
  ['guidance of nobody', { guidance: 2 }, 'The guidance is of the teacher, which does not draw'],
])('refuses %s', async (_what, choice, sentence) => {
  await expect(resolve({ preset: 'mnist-var', ...choice })).rejects.toThrow(sentence);
});

it('a program opens such a model by its folder', async () => {
  const source = await findModelSource(container, model);
  expect(source.preset.backbone.name).toBe('llamagen');
  expect(source.files).toEqual({ teacher: model, tokenizer: model });
});
