import type { Backbone, Preset } from '@ar-distill/core';
import { llamagenBackbone, plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin, varBackbone } from '@ar-distill/plugin-var';

/** A model of the paper, its official files, and what the Python side calls its family. */
export interface FullSizeModel {
  readonly backbone: Backbone;
  readonly preset: Preset;
  readonly files: { readonly teacher: string; readonly tokenizer: string };
  readonly family: 'var' | 'llamagen';
}

/** By the names of their presets. */
export const FULL_SIZE_MODELS: Readonly<Record<string, FullSizeModel>> = {
  'var-d16': {
    backbone: varBackbone,
    preset: varPlugin.presets!['var-d16']!,
    files: { teacher: 'var_d16.pth', tokenizer: 'vae_ch160v4096z32.pth' },
    family: 'var',
  },
  'llamagen-L': {
    backbone: llamagenBackbone,
    preset: llamagen.presets!['llamagen-L']!,
    files: { teacher: 'c2i_L_256.pt', tokenizer: 'vq_ds16_c2i.pt' },
    family: 'llamagen',
  },
};

/** What is timed: the teacher's AR sampling or one step of the generator, an image each. */
export const TASKS = ['ar', 'one-step'] as const;
export type Task = (typeof TASKS)[number];
