import { flattenSettings } from './flatten-settings';

describe('flattenSettings', () => {
  it('names nested settings, and the items of a list of settings by their numbers', () => {
    expect(
      flattenSettings({
        updates: 3,
        tuning: { loss: 'gts', decay: 0.99 },
        phases: [{ trains: 'both' }, { trains: 'guidance', updates: 8 }],
        stepWeights: [3, 1],
        normalizeStepWeights: false,
      }),
    ).toEqual({
      updates: 3,
      'tuning.loss': 'gts',
      'tuning.decay': 0.99,
      'phases.1.trains': 'both',
      'phases.2.trains': 'guidance',
      'phases.2.updates': 8,
      stepWeights: '3 → 1',
      normalizeStepWeights: 'false',
    });
  });

  it('shows no value as JavaScript prints objects', () => {
    const shown = Object.values(flattenSettings({ a: [{ b: [{ c: 1 }] }], d: [], e: null }));
    expect(shown.join()).not.toContain('object');
  });
});
