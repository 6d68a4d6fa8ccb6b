import { plugin, varBackbone } from '@ar-distill/plugin-var';
import {
  OFFICIAL_FILES,
  PATCH_NUMS,
  varDdNetwork,
  varTokenizer,
  varTransformer,
  type OfficialTensor,
} from '@ar-distill/official-checkpoints';
import { listing, part } from './listing';

const recognize = varBackbone.recognizeCheckpoint!;
const d16 = varTransformer({ depth: 16, patchNums: PATCH_NUMS[256] });
const vae = varTokenizer({ patchNums: PATCH_NUMS[256] });
const without = (name: string): OfficialTensor[] => d16.filter((tensor) => tensor.name !== name);

describe('the VAR plugin recognises', () => {
  it.each([16, 20, 24, 30, 36])('var_d%i.pth, with the sizes of its preset', (depth) => {
    const stateDict = OFFICIAL_FILES[`var_d${depth}.pth`]!.stateDict();
    const [found, ...others] = recognize(listing([part('', stateDict)]));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: 'teacher', label: `VAR-d${depth}`, path: '', notes: [] });
    expect(plugin.presets![`var-d${depth}`]!.architecture).toMatchObject(found!.architecture);
    const buffers = stateDict.length - found!.parameters.length;
    expect(buffers).toBe(2 + depth);
  });

  it('its tokenizer, bare and in what the trainer saves, with the transformer', () => {
    const [alone] = recognize(listing([part('', vae)]));
    expect(alone).toMatchObject({ kind: 'tokenizer', label: 'VAR-VQVAE' });
    expect(alone!.parameters).toHaveLength(vae.length - 1);
    const parts = [part('trainer.var_wo_ddp', d16), part('trainer.vae_local', vae)];
    const both = recognize(listing(parts));
    expect(both.map(({ kind, path }) => [kind, path])).toEqual([
      ['tokenizer', 'trainer.vae_local'],
      ['teacher', 'trainer.var_wo_ddp'],
    ]);
    const merged = { ...both[0]!.architecture, ...both[1]!.architecture };
    expect(merged).toMatchObject({ phi: { layers: 4, ratio: 0.5, kernel: 3 } });
  });

  it('one of several unknown places only when it is told which', () => {
    const parts = [part('0', d16), part('nets.best', d16)];
    expect(() => recognize(listing(parts))).toThrow(
      'it holds such a network under "0", "nets.best": choose one with --key',
    );
    expect(recognize(listing(parts.slice(1)))[0]).toMatchObject({ path: 'nets.best' });
    const known = [...parts, part('trainer.var_wo_ddp', d16)];
    expect(recognize(listing(known))[0]).toMatchObject({ path: 'trainer.var_wo_ddp' });
  });

  it('a teacher with its quantiser, as our own files have it', () => {
    const quantiser = vae.filter(({ name }) => name.startsWith('quantize.'));
    const found = recognize(listing([part('', [...d16, ...quantiser])]));
    expect(found.map(({ kind }) => kind)).toEqual(['teacher']);
    expect(found[0]!.parameters.some((name) => name.startsWith('quantize.'))).toBe(false);
  });

  it.each([
    [0, { layers: 0, kernel: 3 }],
    [1, { layers: 1, kernel: 3 }],
    [6, { layers: 6, kernel: 3 }],
  ])('tokenizers with %i φ layers', (phiLayers, phi) => {
    const [found] = recognize(
      listing([part('', varTokenizer({ patchNums: [1, 2, 4], phiLayers }))]),
    );
    expect(found!.architecture).toMatchObject({ phi });
  });

  it.each([16, 20, 24])('the VAR-DD network of depth %i by its average', (depth) => {
    const { stateDict } = OFFICIAL_FILES[`VAR-DD/var-d${depth}.pth`]!;
    const network = stateDict();
    const found = recognize(
      listing([part('trainer.var_wo_ddp', network), part('trainer.ema_parameters', network)]),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      kind: 'dd1',
      label: `VAR-DD-d${depth}`,
      path: 'trainer.ema_parameters',
      architecture: { patchNums: PATCH_NUMS[256], depth },
    });
  });

  it('other sizes, with a config for what tensors do not tell', () => {
    const sizes = { depth: 2, width: 48, heads: 3, patchNums: [1, 3, 4], attnL2Norm: false };
    const parts = [part('', varTransformer(sizes))];
    expect(() => recognize(listing(parts))).toThrow('give the key "patchNums"');
    const scales = { patch_nums: [1, 3, 4] };
    expect(() => recognize(listing(parts, 'x', scales))).toThrow('give the key "heads"');
    const [found] = recognize(listing(parts, 'x', { ...scales, num_heads: 3 }));
    expect(found!.architecture).toMatchObject({ heads: 3, attnL2Norm: false, width: 48 });
    expect(() => recognize(listing(parts, 'x', { patchNums: [1, 2, 4] }))).toThrow(
      'does not make the 3 scales of 26 tokens',
    );
  });

  it('nothing in the state dicts of others', () => {
    const { stateDict } = OFFICIAL_FILES['c2i_B_256.pt']!;
    const optimizer = { path: 'optimizer.state.0', tensors: { exp_avg: { shape: [3] } } };
    expect(recognize(listing([part('model', stateDict()), optimizer]))).toEqual([]);
  });
});

describe('the VAR plugin refuses', () => {
  it.each<[string, readonly OfficialTensor[], string]>([
    ['a missing tensor', without('blocks.7.ffn.fc2.weight'), 'lacks "blocks.7.ffn.fc2.weight": it'],
    ['a missing size', without('pos_1LC'), 'the VAR transformer lacks "pos_1LC"'],
    [
      'many missing tensors',
      d16.filter(({ name }) => !name.startsWith('head')),
      'lacks "head.weight"',
    ],
    [
      'a missing block',
      d16.filter(({ name }) => !name.startsWith('blocks.9.')),
      'has "blocks.10.attn.scale_mul_1H11" and 71 more that it does not know',
    ],
    [
      'an unknown tensor',
      [...d16, { name: 'extra', shape: [1], values: { kind: 'constant', value: 0 } }],
      'has "extra" that it does not know',
    ],
    [
      'another shape',
      d16.map((entry) =>
        entry.name === 'blocks.3.attn.q_bias' ? { ...entry, shape: [9] } : entry,
      ),
      'has the shape [9] where [1024] is needed in "blocks.3.attn.q_bias"',
    ],
    [
      'an absurd shape',
      d16.map((entry) =>
        entry.name === 'word_embed.weight' ? { ...entry, shape: [2 ** 50, 32] } : entry,
      ),
      'the VAR transformer has',
    ],
    [
      'an empty shape',
      d16.map((entry) =>
        entry.name === 'word_embed.weight' ? { ...entry, shape: [0, 32] } : entry,
      ),
      '"word_embed.weight" has the shape [0, 32]',
    ],
    [
      'a VAR-DD network that embeds noise and data once, which none of the released does',
      varDdNetwork({ depth: 16, patchNums: PATCH_NUMS[256] }).filter(
        ({ name }) => !name.startsWith('layerwise'),
      ),
      'the VAR-DD network lacks "layerwise_n_d_embed.0.weight" and 33 more',
    ],
  ])('%s', (_what, stateDict, sentence) => {
    expect(() => recognize(listing([part('', stateDict)]))).toThrow(sentence);
  });
});
