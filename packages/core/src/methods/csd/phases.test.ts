import { distillationSettingsSchema } from './distillation-settings';
import { generatorSchedule, guidanceSchedules } from './phase-schedules';
import { checkPhases, generatorUpdates, phaseAt, planPhases, totalIterations } from './phases';

function settingsWith(phases: readonly object[] | undefined, more: object = {}) {
  return distillationSettingsSchema.parse({
    teacherPoolSize: 8,
    tuning: { headIterations: 0, fullIterations: 1, batchSize: 1, learningRate: 1e-3 },
    generatorIterations: 10,
    guidanceUpdates: 5,
    batchSize: 4,
    generatorLearningRate: 1e-2,
    guidanceLearningRate: 2e-2,
    warmUpFraction: 0,
    learningRateDecay: 'constant',
    emaDecay: 0.5,
    ...(phases ? { phases } : {}),
    ...more,
  });
}

/** The alignment of the paper, small. */
const ALIGNMENT = [
  {},
  { trains: 'guidance', guidanceIterations: 6, fromAverage: true, guidanceLearningRate: 7e-3 },
  { generatorIterations: 4, guidanceUpdates: 2, warmUpFraction: 0.5, initialLearningRate: 1e-3 },
];

it('is one phase of the settings themselves where none is listed', () => {
  const [phase, ...others] = planPhases(settingsWith(undefined));
  expect(others).toEqual([]);
  expect(phase).toMatchObject({
    start: 0,
    iterations: 10,
    guidanceUpdates: 5,
    trainsGenerator: true,
  });
  const seventh = guidanceSchedules(phase!, 1);
  expect(seventh.map(({ update }) => update)).toEqual([6, 7, 8, 9, 10]);
  expect(generatorSchedule(phase!, 9, 0.5)).toEqual({
    learningRate: 1e-2,
    update: 10,
    emaDecay: 0.5,
  });
});

describe('the phases of an alignment', () => {
  const settings = settingsWith(ALIGNMENT);
  const phases = planPhases(settings);

  it('follow each other', () => {
    expect(totalIterations(phases)).toBe(20);
    expect(phases.map(({ start, iterations }) => [start, iterations])).toEqual([
      [0, 10],
      [10, 6],
      [16, 4],
    ]);
    expect([0, 9, 10, 15, 16, 19].map((i) => phaseAt(phases, i).number)).toEqual([
      1, 1, 2, 2, 3, 3,
    ]);
    expect([0, 3, 10, 14, 16, 18, 20].map((i) => generatorUpdates(phases, i))).toEqual([
      0, 3, 10, 10, 10, 12, 14,
    ]);
  });

  it('count on in the guidance network, and anew in the generator', () => {
    expect(guidanceSchedules(phases[1]!, 10)).toEqual([
      { learningRate: 7e-3, update: 51, emaDecay: 0 },
    ]);
    expect(guidanceSchedules(phases[2]!, 16).map(({ update }) => update)).toEqual([57, 58]);
    // Adam from its first update again; the average as after ten updates.
    expect(generatorSchedule(phases[2]!, 16, 1)).toEqual({
      learningRate: 1e-3,
      update: 1,
      emaDecay: 11 / 20,
    });
    expect(generatorSchedule(phases[2]!, 18, 1)).toMatchObject({ learningRate: 1e-2, update: 3 });
  });

  it('count the average anew where that is asked for', () => {
    const [, , third] = planPhases(
      settingsWith([...ALIGNMENT.slice(0, 2), { ...ALIGNMENT[2], restartAverage: true }]),
    );
    expect(generatorSchedule(third!, 16, 1).emaDecay).toBe(1 / 10);
  });

  it('are skipped where they have no updates', () => {
    const empty = planPhases(
      settingsWith([{ generatorIterations: 0 }, { generatorIterations: 3 }]),
    );
    expect(phaseAt(empty, 0).number).toBe(2);
  });
});

it.each([
  [[{ fromAverage: true }], 'The first phase has no average to start from'],
  [
    [{}, { trains: 'guidance', guidanceIterations: 3 }],
    'Phase 2, the last one, trains the guidance',
  ],
])('refuses %j, which could not change the result', (phases, message) => {
  expect(() => checkPhases(settingsWith(phases))).toThrow(message);
});

it.each([
  [{ guidanceIterations: 3 }, 'phases.1.guidanceIterations'],
  [{ trains: 'guidance' }, 'phases.1.guidanceIterations'],
  [
    { trains: 'guidance', guidanceIterations: 3, generatorIterations: 4 },
    'phases.1.generatorIterations',
  ],
  [{ trains: 'guidance', guidanceIterations: 3, restartAverage: true }, 'phases.1.restartAverage'],
  [{ trains: 'guidance', guidanceIterations: 3, guidanceUpdates: 2 }, 'phases.1.guidanceUpdates'],
])('names what a phase cannot have: %j', (phase, path) => {
  const { phases, ...settings } = settingsWith(undefined);
  const parsed = distillationSettingsSchema.safeParse({ ...settings, phases: [...phases, phase] });
  expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
});
