import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TypedContainer } from '@ar-distill/di';
import {
  conditionFor,
  distill,
  evaluate,
  ImageModel,
  sample,
  type WorkflowEvent,
} from '@ar-distill/workflows';
import { tinyPlugin } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { thirdPartyPlugin } from './third-party-plugin';
import { eventsOf } from './watching';

const root = mkdtempSync(path.join(tmpdir(), 'third-party-'));
const MINUTES = 300_000;
let container: TypedContainer;

beforeAll(async () => {
  container = pluginContainer(tinyPlugin, await thirdPartyPlugin(root));
});
afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe.each([
  ['colour', [8, 8, 3]],
  ['styled', [8, 8, 3]],
  ['borrowed', [1, 2, 1]],
])('the preset "%s" of a plugin that is not ours', (preset, shape) => {
  let weights: string;

  it(
    'is distilled and measured with what the plugin brings',
    async () => {
      const { report, weights: file } = await distill(container, {
        preset: `third-party:${preset}`,
        samples: 16,
        out: root,
      });
      weights = file;
      if (report?.kind !== 'images') throw new Error('It can be measured.');
      expect(report.columns.map(({ name }) => name)).toEqual([
        'brightness',
        'frechet-distance',
        'teacher-distance',
      ]);
      const text = readFileSync(report.file, 'utf8');
      expect(text).toContain('FD-moments');
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
      const chart = path.join(path.dirname(report.file), 'samples/distance-over-time.svg');
      expect(readFileSync(chart, 'utf8')).toContain('during training (16 samples)');
      for (const { name, values } of report.rows) {
        if (/reconstruction/.test(name)) continue;
        expect(Math.abs(values!['brightness']!)).toBeLessThanOrEqual(1);
        expect(values!['frechet-distance']!).toBeGreaterThanOrEqual(0);
        expect(values!['teacher-distance']!).toBeGreaterThan(0);
      }
    },
    MINUTES,
  );

  it('draws, evaluates and can be opened by its file', async () => {
    const { images } = await sample(container, { preset, weights, count: 5 });
    expect(images.shape).toEqual([5, ...shape]);
    const teacher = await sample(container, { preset, teacher: true, count: 5 });
    expect(teacher.images.shape).toEqual([5, ...shape]);
    const { values } = await evaluate(container, { preset, weights, samples: 10 });
    expect(Object.keys(values)).toEqual([
      'brightness',
      'frechet-distance',
      'frechet-distance.bias',
    ]);
    const model = await ImageModel.open(container, weights);
    const rng = model.createRng(0);
    const condition = conditionFor(model.condition, undefined, 5);
    const drawn: number[] = [];
    for await (const batch of model.draw({ by: 'generator', condition, count: 5, rng })) {
      drawn.push(...batch.images.data);
    }
    await model.dispose();
    drawn.forEach((value, i) => expect(value).toBeCloseTo(images.data[i]!, 5));
  });
});

it('measures as many reconstructions of the test set as are asked for', async () => {
  const options = { preset: 'colour', reconstruction: true };
  expect((await evaluate(container, options)).count).toBe(40);
  expect((await evaluate(container, { ...options, samples: 9 })).count).toBe(9);
});

it(
  "measures another method's result, which drew no sequences of the teacher, beside the teacher",
  async () => {
    const events: WorkflowEvent[] = [];
    const { report, weights } = await distill(
      container,
      { preset: 'colour', method: 'untrained', samples: 16, out: root },
      { onEvent: (event) => events.push(event) },
    );
    expect(existsSync(weights)).toBe(true);
    if (report?.kind !== 'images') throw new Error('It can be measured.');
    const measured = report.rows.filter(({ values }) => values?.['brightness'] !== undefined);
    expect(measured.map(({ name }) => name)).toEqual([
      'AR teacher',
      'copied network',
      'copied network, snapped to codes',
    ]);
    expect(eventsOf(events, 'progress').map(({ stage }) => stage)).toContain('copy');
  },
  MINUTES,
);
