import { llamagenBackbone, plugin } from '@ar-distill/plugin-llamagen';
import {
  LLAMAGEN_SIZES,
  llamagenTokenizer,
  llamagenTransformer,
  OFFICIAL_FILES,
} from '@ar-distill/official-checkpoints';
import { listing, part } from './listing';

const recognize = llamagenBackbone.recognizeCheckpoint!;
const large = llamagenTransformer(LLAMAGEN_SIZES['L']!);

const files = Object.keys(LLAMAGEN_SIZES).flatMap((size) =>
  (['256', '384'] as const).map((side) => [`c2i_${size}_${side}.pt`, size, side] as const),
);

describe('the LlamaGen plugin recognises', () => {
  it.each(files)('%s, with the sizes of its preset', (fileName, size, side) => {
    const { stateDict } = OFFICIAL_FILES[fileName]!;
    const [found, ...others] = recognize(listing([part('model', stateDict())], fileName));
    expect(others).toEqual([]);
    const label = side === '256' ? size : `${size}-384`;
    expect(found).toMatchObject({ kind: 'teacher', label: `LlamaGen-${label}`, path: 'model' });
    expect(found!.notes.join()).toContain('from the name of the file');
    expect(plugin.presets![`llamagen-${label}`]!.architecture).toMatchObject(found!.architecture);
  });

  it.each([
    ['vq_ds16_c2i.pt', 'LlamaGen-VQ-16', [1, 1, 2, 2, 4]],
    ['vq_ds8_c2i.pt', 'LlamaGen-VQ-8', [1, 2, 2, 4]],
  ])('%s', (fileName, label, channelMultipliers) => {
    const stateDict = OFFICIAL_FILES[fileName]!.stateDict();
    const [found] = recognize(listing([part('model', stateDict)], fileName));
    expect(found).toMatchObject({
      kind: 'tokenizer',
      label,
      architecture: { vocabSize: 16384, channels: 8, tokenizer: { channelMultipliers } },
    });
    expect(found!.parameters).toHaveLength(stateDict.length - 1);
  });

  it.each(['', 'model', 'module', 'state_dict', 'ema'])('a state dict at "%s"', (path) => {
    const [found] = recognize(listing([part(path, large)], 'c2i_L_256.pt'));
    expect(found!.path).toBe(path);
  });

  it('the weights before their average, as the official samplers do', () => {
    const parts = [part('ema', large), part('model', large)];
    expect(recognize(listing(parts, 'c2i_L_256.pt')).map(({ path }) => path)).toEqual(['model']);
  });

  it.each(['B', 'L'])('the LlamaGen-DD network %s by its average', (size) => {
    const network = OFFICIAL_FILES[`LlamaGen-DD/llamagen-${size}.pt`]!.stateDict();
    const found = recognize(listing([part('model', network), part('ema', network)]));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      kind: 'dd1',
      label: `LlamaGen-DD-${size}`,
      path: 'ema',
      architecture: { gridSize: 16, channels: 8 },
    });
  });

  it('the grid from a config, whatever the file is called', () => {
    const parts = [part('', large)];
    expect(() => recognize(listing(parts, 'renamed.pt'))).toThrow('give the key "gridSize"');
    const [found] = recognize(listing(parts, 'c2i_L_256.pt', { block_size: 576 }));
    expect(found!.architecture).toMatchObject({ gridSize: 24 });
  });

  it('grouped-query attention and other sizes, with a config', () => {
    const sizes = { depth: 3, heads: 4, width: 64, keyValueHeads: 2, multipleOf: 32 };
    const parts = [part('', llamagenTransformer({ ...sizes, vocabSize: 50, numClasses: 7 }))];
    expect(() => recognize(listing(parts, 'x', { gridSize: 4 }))).toThrow('give the key "heads"');
    const heads = { gridSize: 4, n_head: 4 };
    expect(() => recognize(listing(parts, 'x', heads))).toThrow('give the key "multipleOf"');
    const [found] = recognize(listing(parts, 'x', { ...heads, multiple_of: 32 }));
    expect(found!.architecture).toMatchObject({ keyValueHeads: 2, numClasses: 7, vocabSize: 50 });
  });

  it('nothing in the state dicts of others', () => {
    expect(recognize(listing([part('', OFFICIAL_FILES['var_d16.pth']!.stateDict())]))).toEqual([]);
  });
});

describe('the LlamaGen plugin refuses', () => {
  it('models that are conditioned on text', () => {
    const table = 'cls_embedding.embedding_table.weight';
    const { tensors } = part(
      '',
      large.filter(({ name }) => name !== table),
    );
    const text = { ...tensors, 'cls_embedding.cap_proj.fc1.weight': { shape: [1024, 2048] } };
    const parts = [{ path: '', tensors: text }];
    expect(() => recognize(listing(parts))).toThrow('conditioned on text');
  });

  it('a tokenizer without a tensor', () => {
    const broken = llamagenTokenizer().filter(({ name }) => name !== 'decoder.conv_out.bias');
    expect(() => recognize(listing([part('', broken)]))).toThrow('lacks "decoder.conv_out.bias"');
  });

  it('heads that do not divide the width', () => {
    const parts = [part('', large)];
    expect(() => recognize(listing(parts, 'c2i_L_256.pt', { heads: 7 }))).toThrow(
      'impossible "heads"',
    );
  });
});
