import type { NameTable } from './name-table';

/**
 * What has been renamed since commit 4be762c, oldest line first. Whoever renames a setting, a file of
 * the run, a tensor or the command adds a line; no line is ever taken out.
 */
export const NAMES: NameTable = {
  commands: [
    { source: 'packages/ar-distill/src/main.ts', built: 'packages/ar-distill/dist/main.js' },
    { source: 'packages/cli/src/main.ts', built: 'packages/cli/dist/main.js' },
  ],
  added: [
    {
      key: 'adaptation',
      since: { file: 'packages/ar-distill/src/config/schemas.ts', text: 'adaptation:' },
      instead: { quick: true },
    },
    ...[
      'phases',
      'initialization',
      'regression',
      'timesteps',
      'normalizeStepWeights',
      'generatorNoiseDraws',
      'generatedPrefix',
      'tuning.sequences',
    ].map((setting) => ({
      key: `settings.${setting}`,
      since: {
        file: 'packages/core/src/methods/csd/distillation-settings.ts',
        text: `${setting.split('.').at(-1)}:`,
      },
      instead: {},
    })),
    {
      key: 'adaptation.fineTuning.targets',
      since: {
        file: 'packages/core/src/methods/adaptation/adaptation-settings.ts',
        text: 'targets:',
      },
      instead: {},
    },
  ],
  settings: [],
  files: [],
  tensors: [],
};
