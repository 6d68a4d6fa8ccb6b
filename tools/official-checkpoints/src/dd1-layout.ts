import { llamagenTransformer, type LlamagenSizes } from './llamagen-layout';
import {
  constant,
  linear,
  normal,
  under,
  type OfficialTensor,
  type StateDict,
} from './official-tensor';
import { varTransformer, type VarSizes } from './var-layout';

const STD = 0.02;

/**
 * State dict of the `DD_Model` of Distilled Decoding 1 (VAR/models/dd.py of
 * microsoft/distilled_decoding): VAR over a sequence with an extra leading scale 1×1, an embedding that
 * tells noise from data, once per block and once at the end, and a second head for code vectors. Its
 * mask lets a token see strictly earlier scales and itself.
 */
export function varDdNetwork(sizes: VarSizes): StateDict {
  const { depth, channels = 32 } = sizes;
  const width = sizes.width ?? 64 * depth;
  const patchNums = [1, ...sizes.patchNums];
  const longer = varTransformer({ ...sizes, patchNums }).map((entry): OfficialTensor =>
    entry.name === 'attn_bias_for_masking'
      ? { ...entry, values: { kind: 'strict mask', patchNums } }
      : entry,
  );
  const layers = Array.from({ length: depth + 1 }, (_, i) =>
    under(`layerwise_n_d_embed.${i}`, linear(width, width, STD)),
  );
  return [
    ...longer,
    { name: 'n_d_embed.weight', shape: [2, width], values: normal(STD) },
    ...layers.flat(),
    ...finalLayer(width, channels),
  ];
}

/**
 * State dict of the `DDTransformer` of Distilled Decoding 1 (LlamaGen/autoregressive/models/dd.py):
 * LlamaGen with a linear embedding of code vectors in the table's place, the same noise/data embedding
 * and second head. The released models have the embedding of "no class".
 */
export function llamagenDdNetwork(
  sizes: LlamagenSizes & { readonly channels?: number },
): StateDict {
  const { width, channels = 8 } = sizes;
  const others = llamagenTransformer(sizes).flatMap((entry): readonly OfficialTensor[] =>
    entry.name === 'tok_embeddings.weight'
      ? under('tok_embeddings', linear(channels, width, STD))
      : [entry],
  );
  return [
    ...others,
    ...finalLayer(width, channels),
    { name: 'n_d_embed.weight', shape: [2, width], values: normal(STD) },
  ];
}

function finalLayer(width: number, channels: number): OfficialTensor[] {
  return under('final_layer_conti', [
    { name: 'scale_shift_table', shape: [2, width], values: constant(0) },
    ...under('linear', linear(width, channels, STD)),
  ]);
}
