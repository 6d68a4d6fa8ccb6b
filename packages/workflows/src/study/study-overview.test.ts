import { RUN_VERSION } from '../runs/run-version';
import type { StudyRun } from './plan-runs';
import type { RunResult } from './run-result';
import { studyOverview } from './study-overview';

function runOf(preset: string, number: number): StudyRun {
  const config: StudyRun['config'] = {
    version: RUN_VERSION,
    command: 'distill',
    plugin: 'p',
    preset,
    method: 'csd',
    samples: 1,
    settings: {},
  };
  const key = `${preset}-${number}`;
  return { key, preset, config, options: {}, tunedBy: undefined, rows: undefined };
}

function resultOf(times: Record<string, number>): RunResult {
  const machine = { version: '', node: '', platform: '', processor: '' };
  return { version: 1, config: {}, rows: [], curve: [], machine, times };
}

it('expects of what is left what the runs of the same preset took, else what all took', () => {
  const runs = ['a', 'b', 'c'].flatMap((preset) => [runOf(preset, 1), runOf(preset, 2)]);
  const plan = { cells: [], runs };
  expect(studyOverview(plan, new Map()).secondsLeft).toBeUndefined();
  const results = new Map([
    ['a-1', resultOf({ tuning: 10, report: 20 })],
    ['b-1', resultOf({ tuning: 90, report: 10 })],
    ['b-2', resultOf({ tuning: 60, report: 20 })],
  ]);
  // 30 of a, and two of c, of which none has ended, at (30 + 100 + 80) / 3.
  expect(studyOverview(plan, results)).toEqual({
    cells: 0,
    runs: 6,
    finished: 3,
    secondsLeft: 170,
  });
});
