import { arBackbone, FIRST_SETTINGS, GREY_32_SIZES, SMALL_SIZES } from '@ar-distill/backbone-kit';
import { definePlugin, type Preset } from '@ar-distill/core';
import { type Architecture, architectureSchema, Model } from './model';

const summary = 'TODO: what the family is, in a few words';

const backbone = arBackbone<Architecture>({
  name: 'my-family',
  summary,
  architectureSchema,
  // For "ar-distill plugins check": every part of the model in a few thousand parameters.
  smallArchitecture: architectureSchema.parse({ ...SMALL_SIZES, depth: 1, heads: 2 }),
  createModel: (architecture) => new Model(architecture),
});

// TODO: the sizes, the data set and the settings that you want; these take minutes on a CPU.
const preset: Preset<Architecture> = {
  summary: 'MNIST, 32×32, 16 tokens',
  backbone: backbone.name,
  architecture: architectureSchema.parse({ ...GREY_32_SIZES, depth: 3, heads: 4 }),
  teacherSampling: { guidanceScale: 1.3, topK: 0, topP: 1, temperature: 1 },
  dataset: 'mnist',
  evaluation: { featureNetwork: 'mnist-classifier' },
  ...FIRST_SETTINGS,
};

export const plugin = definePlugin({
  name: 'my-family',
  summary,
  backbones: [backbone],
  presets: { 'mnist-my-family': preset },
});
