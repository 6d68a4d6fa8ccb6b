import { definePlugin } from '@ar-distill/core';
import { distill, sample } from '@ar-distill/workflows';
import { z } from 'zod';
import { tinyBackbone } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { tinyCsdSettings } from './tiny-models';

const architectureSchema = z.strictObject({ size: z.int().positive() });
const preset = {
  summary: 'for tests',
  backbone: 'strict',
  teacherSampling: { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 },
};
const plugin = definePlugin({
  name: 'strict',
  summary: 'A backbone that reads its architecture',
  backbones: [
    {
      ...tinyBackbone(),
      name: 'strict',
      architectureSchema,
      createTeacher: (architecture, sampling) => {
        architectureSchema.parse(architecture);
        return tinyBackbone().createTeacher({}, sampling);
      },
    },
  ],
  presets: {
    misshapen: { ...preset, architecture: { size: -1 }, methods: { csd: tinyCsdSettings() } },
    hasty: {
      ...preset,
      architecture: { size: 1 },
      methods: { csd: { ...tinyCsdSettings(), batchSize: 0 } },
    },
  },
});

describe('a preset with a mistake', () => {
  const container = pluginContainer(plugin);
  afterAll(() => container.dispose());

  it.each([distill, sample])('is blamed for its architecture, in words (%p)', async (workflow) => {
    await expect(workflow(container, { preset: 'misshapen' })).rejects.toThrow(
      '"size" of the architecture in the preset "misshapen" of the plugin "strict" is wrong: expected a number above 0, not -1.',
    );
  });

  it('is blamed for its settings, and not who runs it', async () => {
    const refusal = distill(container, { preset: 'hasty', settings: { seed: 1 } });
    await expect(refusal).rejects.toMatchObject({
      name: 'Error',
      message:
        'The setting "batchSize" of the method "csd" in the preset itself is wrong: expected a number above 0, not 0.',
    });
  });
});
