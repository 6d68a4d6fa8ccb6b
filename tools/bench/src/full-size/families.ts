import type { PluginDefinition } from '@ar-distill/core';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';

/** A model of the paper, its official files, and what the Python side calls its family. */
export interface FullSizeModel {
  readonly plugin: PluginDefinition<unknown>;
  readonly preset: string;
  readonly files: { readonly teacher: string; readonly tokenizer: string };
  readonly family: 'var' | 'llamagen';
}

/** By the names of their presets. */
export const FULL_SIZE_MODELS: Readonly<Record<string, FullSizeModel>> = {
  'var-d16': {
    plugin: varPlugin as PluginDefinition<unknown>,
    preset: 'var-d16',
    files: { teacher: 'var_d16.pth', tokenizer: 'vae_ch160v4096z32.pth' },
    family: 'var',
  },
  'llamagen-L': {
    plugin: llamagen as PluginDefinition<unknown>,
    preset: 'llamagen-L',
    files: { teacher: 'c2i_L_256.pt', tokenizer: 'vq_ds16_c2i.pt' },
    family: 'llamagen',
  },
};

/** What is timed: the teacher's AR sampling or one step of the generator, an image each. */
export const TASKS = ['ar', 'one-step'] as const;
export type Task = (typeof TASKS)[number];
