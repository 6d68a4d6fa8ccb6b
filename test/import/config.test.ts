import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { importCheckpoints, InvalidOptionError } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { pick, readRaw, writeRaw } from './case-files';

const folder = mkdtempSync(path.join(tmpdir(), 'import-config-'));
const at = (name: string): string => path.join(folder, name);
const plugins = path.join(__dirname, '../../plugins');
const shipped = (plugin: string, kind: string): string =>
  path.join(plugins, plugin, `assets/mnist/${kind}.safetensors`);
beforeAll(() => {
  const teacher = readRaw(shipped('var', 'teacher'));
  writeRaw(
    at('var.safetensors'),
    pick(teacher, (name) => !name.startsWith('quantize')),
  );
  writeRaw(
    at('llamagen.safetensors'),
    pick(readRaw(shipped('llamagen', 'teacher')), (name) => !name.startsWith('quantize')),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

function importWith(config: object, family = 'var') {
  const file = at('given.json');
  writeFileSync(file, JSON.stringify(config));
  const out = at('model');
  rmSync(out, { recursive: true, force: true });
  return importCheckpoints(pluginContainer(varPlugin, llamagen), {
    files: [at(`${family}.safetensors`)],
    config: file,
    out,
  });
}

const patchNums = [1, 2, 3, 4];

it.each([
  ['a key in a key', { patchNums, phi: { ratoi: 0.7 } }, '"phi.ratoi" is no key', '"phi.ratio"?'],
  ['a key', { patchNum: [1, 2, 3, 4] }, '"patchNum" is no key', '"patchNums"?'],
  ['an official key', { patch_nums: patchNums, num_head: 4 }, '"num_head"', '"num_heads"?'],
  ['anything', { patchNums, qqqqqqqqq: 4 }, '"qqqqqqqqq" is no key', 'known are patchNums, '],
  ['another program’s key', { patchNums, constructor: 4 }, '"constructor" is no key', ''],
])('names %s that is not known, and the nearest', async (_what, config, key, mend) => {
  const importing = importWith(config);
  await expect(importing).rejects.toThrow(InvalidOptionError);
  await expect(importing).rejects.toThrow(`"${at('given.json')}": ${key}`);
  await expect(importing).rejects.toThrow(mend);
  expect(existsSync(at('model'))).toBe(false);
});

it.each<[string, object, string]>([
  ['width', { patchNums, width: 64 }, '"width" is 64 where the VAR-depth4-width128 has 128'],
  ['depth', { patchNums, depth: 3 }, '"depth" is 3 where'],
  ['heads', { patchNums, num_heads: 8 }, '"heads" is 8 where'],
  ['codes', { patchNums, vocab_size: 4096 }, '"vocabSize" is 4096 where'],
  ['flag', { patchNums, attn_l2_norm: false }, '"attnL2Norm" is false where'],
  ['form', { patchNums, labelDropout: 'much' }, '"labelDropout" cannot be "much"'],
])('refuses a %s that contradicts the tensors or is none', async (_what, config, sentence) => {
  await expect(importWith(config)).rejects.toThrow(`"${at('given.json')}": ${sentence}`);
});

it.each<[string, string, object, string]>([
  ['var', 'norm_eps', { patchNums, norm_eps: 1e-5 }, '"norm_eps" is 0.00001, and var computes'],
  ['var', 'using_znorm', { patchNums, using_znorm: true }, '"using_znorm" is true'],
  ['llamagen', 'cls_token_num', { gridSize: 4, cls_token_num: 120 }, '"cls_token_num" is 120'],
  ['llamagen', 'model_type', { gridSize: 4, model_type: 't2i' }, '"model_type" is "t2i"'],
])(
  'refuses a %s whose %s makes other results than are computed here',
  async (family, _key, config, sentence) => {
    await expect(importWith(config, family)).rejects.toThrow(sentence);
  },
);

it.each<[string, string]>([
  ['lists in lists', '['.repeat(30_000)],
  ['maps in lists', 'a: [{ b: '.repeat(5_000)],
  ['aliases', '{"patch_nums": &a [1, 2], "b": *a}'],
  ['more than a config has', '#'.repeat(70_000)],
])('a config of %s is refused by its name', async (_what, text) => {
  const config = at('hostile.yaml');
  writeFileSync(config, text);
  const files = [at('var.safetensors')];
  const container = pluginContainer(varPlugin, llamagen);
  await expect(importCheckpoints(container, { files, config, out: at('no') })).rejects.toThrow(
    `"${config}"`,
  );
});

it('takes official names, settings of training, and values that are the usual ones', async () => {
  const { preset } = await importWith({
    patch_nums: patchNums,
    num_heads: 4,
    norm_eps: 1e-6,
    drop_path_rate: 0.1,
    mlp_ratio: 4,
    cond_drop_rate: null,
  });
  expect(preset).toBe('var:mnist-var');
  const imported = await importWith(
    { block_size: 16, n_head: 4, multiple_of: 64, norm_eps: 1e-5, resid_dropout_p: 0.1 },
    'llamagen',
  );
  expect(imported.preset).toBe('llamagen:mnist-llamagen');
});

it('overlooks keys of others in a config.json beside the checkpoint, but not contradictions', async () => {
  const beside = at('config.json');
  const general = { architectures: ['VAR'], torch_dtype: 'float32', transformers_version: '4.0' };
  try {
    writeFileSync(beside, JSON.stringify({ ...general, patchNums }));
    expect((await importWith({})).preset).toBe('var:mnist-var');
    writeFileSync(beside, JSON.stringify({ ...general, patchNums, norm_eps: 1e-5 }));
    await expect(importWith({})).rejects.toThrow(`"${beside}": "norm_eps" is 0.00001`);
    writeFileSync(beside, JSON.stringify({ patchNums, width: 64 }));
    await expect(importWith({})).rejects.toThrow(`"${beside}": "width" is 64`);
  } finally {
    rmSync(beside);
  }
});

it('imports a tokenizer with groups that the config tells, together with its teacher', async () => {
  const out = at('whole');
  const config = at('groups.json');
  writeFileSync(config, JSON.stringify({ patchNums, tokenizer: { groups: 8 } }));
  const container = pluginContainer(varPlugin, llamagen);
  const files = [shipped('var', 'tokenizer'), at('var.safetensors')];
  const { preset, networks } = await importCheckpoints(container, { files, config, out });
  expect(networks.map(({ kind }) => kind)).toEqual(['tokenizer', 'teacher']);
  expect(preset).toBe('var:mnist-var');
});
