import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { definePlugin } from '@ar-distill/core';
import type { TypedContainer } from '@ar-distill/di';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import {
  distill,
  type DistillResult,
  importCheckpoints,
  InvalidOptionError,
} from '@ar-distill/workflows';
import { openContext } from '../../packages/workflows/src/context';
import { findModelSource } from '../../packages/workflows/src/models/model-source';
import { resolvePreset } from '../../packages/workflows/src/models/resolve-preset';
import { pluginContainer } from '../plugin-container';
import { tinyArchitecture } from '../var/fixture';
import { TINY_SETTINGS, tinyImagePlugin } from './tiny-models';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-sources-'));
const fixture = (name: string) => path.join(__dirname, '../fixtures/var-tiny', name);
/** A preset with the sizes of the checkpoints in test/fixtures, in a plugin beside the backbone's. */
const small = definePlugin({
  name: 'small',
  summary: 'A small VAR.',
  presets: { smallest: { ...varPlugin.presets!['var-d16']!, architecture: tinyArchitecture } },
});
const modelFolder = path.join(root, 'model');
const tokenizerFolder = path.join(root, 'tokenizer');
let container: TypedContainer;
let toyRun: DistillResult;
let imageRun: DistillResult;

beforeAll(async () => {
  container = pluginContainer(toy, varPlugin, small, await tinyImagePlugin(root));
  const files = [fixture('vae.pth'), fixture('var.pth')];
  await importCheckpoints(container, { files, out: modelFolder });
  await importCheckpoints(container, { files: [files[0]!], out: tokenizerFolder });
  const out = path.join(root, 'runs');
  const settings = TINY_SETTINGS;
  toyRun = await distill(container, { preset: 'toy-joint', settings, out, report: false });
  imageRun = await distill(container, { preset: 'pixels', out, report: false });
}, 300_000);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe('findModelSource', () => {
  const find = async (source: string) => {
    const { preset, files, generator } = await findModelSource(container, source);
    return { preset: `${preset.plugin}:${preset.name}`, files, generator };
  };

  it('takes the name of a preset, with the generator that ships', async () => {
    const { weights } = varPlugin.presets!['mnist-var']!;
    const expected = { preset: 'var:mnist-var', files: {}, generator: weights!.generator };
    expect(await find('mnist-var')).toEqual(expected);
    expect(await find('var:mnist-var')).toEqual(expected);
    expect(await find('toy-joint')).toMatchObject({ generator: undefined });
  });

  it('takes a run directory, with the networks that it was started with', async () => {
    const { run } = imageRun;
    expect(await find(run)).toEqual({
      preset: 'tiny-images:pixels',
      files: {},
      generator: path.join(run, 'generator.safetensors'),
    });
    const teacher = path.join(root, 'another-teacher.safetensors');
    copyFileSync(path.join(root, 'teacher.safetensors'), teacher);
    const other = await distill(container, {
      preset: 'pixels',
      teacher,
      out: path.join(root, 'runs'),
      report: false,
    });
    expect((await find(other.run)).files).toEqual({ teacher });
  });

  it('takes the file of a generator, whichever plugin its preset is of', async () => {
    const expected = (preset: string, generator: string) => ({ preset, files: {}, generator });
    expect(await find(toyRun.weights)).toEqual(expected('toy:toy-joint', toyRun.weights));
    expect(await find(imageRun.weights)).toEqual(expected('tiny-images:pixels', imageRun.weights));
  });

  it('takes a model directory for the networks that it holds', async () => {
    expect(await find(modelFolder)).toEqual({
      preset: 'small:smallest',
      files: { teacher: modelFolder, tokenizer: modelFolder },
      generator: undefined,
    });
    expect((await find(tokenizerFolder)).files).toEqual({ tokenizer: tokenizerFolder });
  });

  it('refuses what is none of these with a sentence that names it', async () => {
    const text = path.join(root, 'notes.txt');
    writeFileSync(text, 'Nothing here.');
    const empty = path.join(root, 'empty');
    mkdirSync(empty);
    const nothing = path.join(root, 'nothing');
    const teacher = path.join(root, 'teacher.safetensors');
    await expect(find('mnist-vra')).rejects.toThrow('did you mean "mnist-var"?');
    await expect(find(nothing)).rejects.toThrow(`There is no file or folder "${nothing}": `);
    await expect(find(nothing)).rejects.toThrow(InvalidOptionError);
    await expect(find('generator.safetensors')).rejects.toThrow('There is no file or folder');
    await expect(find(empty)).rejects.toThrow(`"${empty}" is no run directory`);
    await expect(find(text)).rejects.toThrow(text);
    await expect(find(teacher)).rejects.toThrow(`"${teacher}" holds no generator of AR-Distill`);
  });

  it('takes the settings of its family for a model that has the sizes of no preset', async () => {
    const without = pluginContainer(varPlugin);
    const out = path.join(root, 'unknown');
    await importCheckpoints(without, { files: [fixture('vae.pth'), fixture('var.pth')], out });
    const { preset, files } = await findModelSource(without, out);
    expect(preset.backbone.name).toBe('var');
    expect(preset.preset.weights).toBeUndefined();
    expect(files).toEqual({ teacher: out, tokenizer: out });
    const bare = pluginContainer({ ...varPlugin, presets: {} });
    await expect(findModelSource(bare, out)).rejects.toThrow(
      `The model in "${out}" is of the backbone "var", and no preset of it is installed: install`,
    );
    await expect(findModelSource(without, modelFolder)).rejects.toThrow(
      'There is no plugin "small"',
    );
  });
});

describe('resolvePreset', () => {
  const resolve = async (choice: Parameters<typeof resolvePreset>[1]) => {
    const { found } = await resolvePreset(openContext(container), choice);
    return `${found.plugin}:${found.name}`;
  };

  it.each<[string, () => Parameters<typeof resolvePreset>[1], string]>([
    ['the name', () => ({ preset: 'toy-joint', resume: imageRun.run }), 'toy:toy-joint'],
    ['the run to resume', () => ({ resume: toyRun.run }), 'toy:toy-joint'],
    ['the run whose stage 1 is used', () => ({ stage1: imageRun.run }), 'tiny-images:pixels'],
    ['the run with the weights', () => ({ weights: imageRun.run }), 'tiny-images:pixels'],
    ['the model of the teacher', () => ({ teacher: modelFolder }), 'small:smallest'],
    [
      'the model with the weights',
      () => ({ weights: modelFolder, defaultPreset: 'toy-joint' }),
      'small:smallest',
    ],
    [
      'the default where nothing says it',
      () => ({ teacher: true, defaultPreset: 'toy-joint' }),
      'toy:toy-joint',
    ],
  ])('takes %s', async (_what, choice, preset) => {
    expect(await resolve(choice())).toBe(preset);
  });

  it('refuses to guess', async () => {
    await expect(resolve({})).rejects.toThrow(InvalidOptionError);
    await expect(resolve({ preset: 'mnist-vra' })).rejects.toThrow('did you mean "mnist-var"?');
    await expect(resolve({ resume: root })).rejects.toThrow('is no run directory');
  });
});
