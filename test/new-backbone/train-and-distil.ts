import { definePlugin, type PluginDefinition } from '@ar-distill/core';
import { supervisedSettingsSchema } from '@ar-distill/core/optimization';
import { distill, sample, trainTeacher, trainTokenizer } from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { tinyCsdSettings } from '../workflows/tiny-models';
import { specks } from './specks';

/** What came of a family from its first training to its first images. */
export interface FirstImages {
  /** [6, 4, 4, 1] of the one-step generator, and of the teacher. */
  readonly generated: Float32Array | Int32Array;
  readonly drawn: Float32Array | Int32Array;
  /** Network evaluations per image of the two. */
  readonly evaluations: readonly [number, number];
  /** Files of weights that were written: tokenizer, teacher, generator. */
  readonly files: readonly [string, string, string];
}

/**
 * Trains, distils and samples the backbone of a plugin with its `smallArchitecture`, in run directories in
 * `out`, by the workflows behind the commands.
 */
export async function trainAndDistil(plugin: PluginDefinition, out: string): Promise<FirstImages> {
  const [backbone] = plugin.backbones ?? [];
  if (!backbone) throw new Error(`The plugin "${plugin.name}" has no backbone.`);
  const training = supervisedSettingsSchema.parse({
    iterations: 3,
    batchSize: 4,
    learningRate: 1e-3,
  });
  const small = definePlugin({
    ...plugin,
    datasets: [specks],
    presets: {
      small: {
        summary: 'for tests',
        backbone: backbone.name,
        architecture: backbone.smallArchitecture,
        teacherSampling: { guidanceScale: 1.3, topK: 0, topP: 1, temperature: 1 },
        methods: { csd: tinyCsdSettings() },
        dataset: specks.name,
        training: { tokenizer: training, teacher: training },
      },
    },
  });
  const container = pluginContainer(small);
  try {
    const options = { preset: 'small', out };
    const { weights: tokenizer } = await trainTokenizer(container, { ...options, report: false });
    const { weights: teacher } = await trainTeacher(container, { ...options, tokenizer });
    const networks = { tokenizer, teacher };
    const { weights: generator } = await distill(container, {
      ...options,
      ...networks,
      report: false,
    });
    const draw = { preset: 'small', tokenizer, count: 6 };
    const one = await sample(container, { ...draw, weights: generator });
    const many = await sample(container, { ...draw, teacher });
    return {
      generated: one.images.data,
      drawn: many.images.data,
      evaluations: [one.evaluations, many.evaluations],
      files: [tokenizer, teacher, generator],
    };
  } finally {
    await container.dispose();
  }
}
