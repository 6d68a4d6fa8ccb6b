import { arBackbone, FIRST_SETTINGS, GREY_32_SIZES, SMALL_SIZES } from '@ar-distill/backbone-kit';
import { definePlugin, type Preset } from '@ar-distill/core';
import { type Architecture, architectureSchema, MaskedTransformer } from './model';

const summary = 'MaskGIT in a fixed (Halton) order: a few sets of tokens, one after the other';

const backbone = arBackbone<Architecture>({
  name: 'maskgit',
  summary,
  architectureSchema,
  smallArchitecture: architectureSchema.parse({ ...SMALL_SIZES, depth: 1, heads: 2, steps: 3 }),
  createModel: (architecture) => new MaskedTransformer(architecture),
});

const preset: Preset<Architecture> = {
  summary: 'MNIST, 32×32, 16 tokens in 4 steps',
  backbone: backbone.name,
  architecture: architectureSchema.parse({ ...GREY_32_SIZES, depth: 3, heads: 4, steps: 4 }),
  teacherSampling: { guidanceScale: 1.3, topK: 0, topP: 1, temperature: 1 },
  dataset: 'mnist',
  evaluation: { featureNetwork: 'mnist-classifier' },
  ...FIRST_SETTINGS,
};

export const plugin = definePlugin({
  name: 'maskgit',
  summary,
  backbones: [backbone],
  presets: { 'mnist-maskgit': preset },
});
