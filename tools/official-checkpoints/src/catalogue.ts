import { llamagenDdNetwork, varDdNetwork } from './dd1-layout';
import { LLAMAGEN_SIZES, llamagenTokenizer, llamagenTransformer } from './llamagen-layout';
import type { StateDict } from './official-tensor';
import { PickledNamespace, type Pickled } from './pickle';
import { PATCH_NUMS, varTokenizer, varTransformer } from './var-layout';
import type { TorchFile } from './write-torch';

/** How a state dict lies in its file. */
export type Wrapping =
  'bare' | 'model' | 'module' | 'state_dict' | 'ema' | 'trainer' | 'trainer.ema_parameters';

/** One official file. */
export interface OfficialFile {
  readonly wrapping: Wrapping;
  readonly stateDict: () => StateDict;
  /** State dict of the tokenizer that the trainer's checkpoints hold, too. */
  readonly tokenizer?: () => StateDict;
}

const varFile = (depth: number, size: 256 | 512 = 256): OfficialFile => ({
  wrapping: 'bare',
  stateDict: () =>
    varTransformer({ depth, patchNums: PATCH_NUMS[size], sharedAdaLn: size === 512 }),
  tokenizer: () => varTokenizer({ patchNums: PATCH_NUMS[size] }),
});

const llamagenFiles = Object.entries(LLAMAGEN_SIZES).flatMap(([label, sizes]) =>
  ['256', '384'].map((side): [string, OfficialFile] => [
    `c2i_${label}_${side}.pt`,
    {
      // The two largest were trained with FSDP and saved without a wrapping.
      wrapping: label === 'XXL' || label === '3B' ? 'bare' : 'model',
      stateDict: () => llamagenTransformer(sizes),
    },
  ]),
);

/** Released by the authors of Distilled Decoding 1, who name the files as VAR and LlamaGen do theirs. */
const dd1Files = [
  ...[16, 20, 24].map((depth): [string, OfficialFile] => [
    `VAR-DD/var-d${depth}.pth`,
    {
      wrapping: 'trainer.ema_parameters',
      stateDict: () => varDdNetwork({ depth, patchNums: PATCH_NUMS[256] }),
    },
  ]),
  ...['B', 'L'].map((label): [string, OfficialFile] => [
    `LlamaGen-DD/llamagen-${label}.pt`,
    { wrapping: 'ema', stateDict: () => llamagenDdNetwork(LLAMAGEN_SIZES[label]!) },
  ]),
];

/** The official files by name. */
export const OFFICIAL_FILES: Readonly<Record<string, OfficialFile>> = {
  'vae_ch160v4096z32.pth': {
    wrapping: 'bare',
    stateDict: () => varTokenizer({ patchNums: PATCH_NUMS[256] }),
  },
  'var_d16.pth': varFile(16),
  'var_d20.pth': varFile(20),
  'var_d24.pth': varFile(24),
  'var_d30.pth': varFile(30),
  'var_d36.pth': varFile(36, 512),
  'vq_ds16_c2i.pt': { wrapping: 'model', stateDict: () => llamagenTokenizer() },
  'vq_ds8_c2i.pt': {
    wrapping: 'model',
    stateDict: () => llamagenTokenizer({ multipliers: [1, 2, 2, 4] }),
  },
  ...Object.fromEntries(llamagenFiles),
  ...Object.fromEntries(dd1Files),
};

/** State dicts and wrapping of a file, as the official training scripts save them. */
export function contentsOf(
  { stateDict, tokenizer }: OfficialFile,
  wrapping: Wrapping,
): Pick<TorchFile, 'stateDicts' | 'wrap'> {
  const main = stateDict();
  if (wrapping === 'bare') return { stateDicts: { main }, wrap: (dicts) => dicts['main']! };
  if (wrapping === 'trainer') {
    if (!tokenizer) throw new Error('Only VAR transformers are saved by the VAR trainer.');
    return {
      stateDicts: { var_wo_ddp: main, vae_local: tokenizer() },
      wrap: (dicts) => ({ epoch: 99, iter: 0, trainer: { config: {}, ...dicts }, args: {} }),
    };
  }
  if (wrapping === 'trainer.ema_parameters') {
    return {
      stateDicts: { ema_parameters: main },
      wrap: (dicts) => ({ epoch: 0, iter: 0, trainer: { config: {}, ...dicts }, args: {} }),
    };
  }
  const training: Pickled = new PickledNamespace({ epochs: 300, results_dir: 'results' });
  return {
    stateDicts: { [wrapping]: main },
    wrap: (dicts) => ({ ...dicts, steps: 300_000, args: training }),
  };
}
