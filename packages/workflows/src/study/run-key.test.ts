import type { ConfigOf, DISTILLATION } from '../runs/run-kinds';
import { RUN_VERSION } from '../runs/run-version';
import { changedSince, runKey } from './run-key';

const config: ConfigOf<typeof DISTILLATION> = {
  version: RUN_VERSION,
  command: 'distill',
  plugin: 'toy',
  preset: 'toy-joint',
  method: 'csd',
  samples: 64,
  settings: { seed: 3, batchSize: 32, phases: [{ trains: 'both' }] },
};
const given = { preset: 'toy-joint', samples: 64, settings: { seed: 3, tuning: { batchSize: 8 } } };

it('is of what was given, whatever settings come with their defaults', () => {
  const key = runKey(config, given);
  expect(key).toMatch(/^toy-toy-joint-seed3-[0-9a-f]{12}$/);
  const later = { ...config, settings: { ...config.settings, later: 1 } };
  expect(runKey(later, given)).toBe(key);
  expect(runKey(config, { ...given, preset: 'toy:toy-joint', method: undefined })).toBe(key);
  const { tuning, seed } = given.settings;
  expect(runKey(config, { ...given, settings: { tuning, seed } })).toBe(key);
  expect(runKey(config, { ...given, settings: { seed, tuning: { batchSize: 9 } } })).not.toBe(key);
});

it.each([
  [{}, []],
  [{ settings: { ...config.settings, later: 1, phases: [{ trains: 'both', later: 2 }] } }, []],
  [{ settings: { ...config.settings, batchSize: 64 } }, ['settings.batchSize']],
  [
    { settings: { ...config.settings, phases: [{ trains: 'guidance' }] } },
    ['settings.phases.0.trains'],
  ],
  [
    { settings: { ...config.settings, phases: [{ trains: 'both' }, {}] } },
    ['settings.phases.length'],
  ],
  [{ samples: 128 }, ['samples']],
])('of a run that would be made with %j now, what has changed is %j', (change, paths) => {
  const changes = changedSince({ ...config, version: 1 }, { ...config, ...change });
  expect(changes.map(({ path }) => path)).toEqual(paths);
});
