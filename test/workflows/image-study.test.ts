import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FeatureNetworkProvider } from '@ar-distill/core';
import type { TypedContainer } from '@ar-distill/di';
import { study, type StudyFile, studySchema, type WorkflowEvent } from '@ar-distill/workflows';
import { tinyPlugin } from '../core/tiny-plugin';
import { pluginContainer } from '../plugin-container';
import { thirdPartyPlugin } from './third-party-plugin';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-image-study-'));
const MINUTES = 300_000;
const EULER = 'AR-diffusion initialisation, 2 Euler steps';
const REDRAWN = 'DD2 generator, last 2 AR steps by the teacher';
const SKIPPED = 'AR teacher without the last AR step';
/** How often the feature network was opened. */
let opened = 0;
let container: TypedContainer;

beforeAll(async () => {
  const plugin = await thirdPartyPlugin(root);
  const counting = (provider: FeatureNetworkProvider): FeatureNetworkProvider => ({
    ...provider,
    open: (...given) => {
      opened++;
      return provider.open(...given);
    },
  });
  const featureNetworks = plugin.featureNetworks!.map(counting);
  container = pluginContainer(tinyPlugin, { ...plugin, featureNetworks });
});
afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

const file: StudyFile = studySchema.parse({
  name: 'colours',
  title: 'Rows of a run',
  presets: ['third-party:colour'],
  seeds: [0, 1],
  samples: 16,
  cells: {
    generator: {},
    'two-euler-steps': { row: EULER },
    redrawn: { row: REDRAWN },
    skipped: { row: SKIPPED },
  },
  compare: { reference: 'generator', metric: 'teacher-distance' },
});

interface Result {
  readonly result: string;
  readonly rows: readonly {
    readonly name: string;
    readonly evaluations: number;
    readonly values: Readonly<Record<string, number>>;
  }[];
  readonly curve: readonly { readonly updates: number; readonly seconds: number }[];
}

it(
  'measures the rows that its cells name and no others, and prepares every run once',
  async () => {
    const folder = path.join(root, 'study');
    mkdirSync(folder);
    const page = await study(container, { file, folder, out: path.join(folder, 'runs') });
    const files = readdirSync(path.join(folder, 'results'));
    const results = files.filter((name) => name.endsWith('.json'));
    expect(results).toHaveLength(2);
    const pictures = files.filter((name) => name.endsWith('.png'));
    expect(pictures.map((name) => /seed\d/.exec(name)?.[0])).toEqual(['seed0', 'seed0']);
    for (const name of results) {
      const text = readFileSync(path.join(folder, 'results', name), 'utf8');
      expect(text).not.toContain(root);
      const { result, rows, curve } = JSON.parse(text) as Result;
      expect(result).toBe('DD2 generator');
      // The layout has three AR steps.
      expect(Object.fromEntries(rows.map((row) => [row.name, row.evaluations]))).toEqual({
        'DD2 generator': 1,
        [EULER]: 3,
        [REDRAWN]: 3,
        [SKIPPED]: 2,
      });
      const distances = rows.map(({ values }) => values['teacher-distance']!);
      expect(new Set(distances).size).toBe(4);
      for (const distance of distances) expect(distance).toBeGreaterThan(0);
      expect(curve.map(({ updates }) => updates)).toEqual([2, 4]);
      expect(curve[1]!.seconds).toBeGreaterThan(curve[0]!.seconds);
    }
    // Once when a run is prepared and once for its report.
    expect(opened).toBe(4);
    const written = readFileSync(page, 'utf8');
    expect(written).toContain('seconds of training, all stages');
    // Samples and strips of noise, of the generator alone.
    expect(written.match(/<figcaption>/g)).toHaveLength(2);
  },
  MINUTES,
);

it(
  "draws the teacher's samples once per seed, for all runs of the same teacher",
  async () => {
    const folder = path.join(root, 'shared');
    mkdirSync(folder);
    const cells = { plain: {}, more: { settings: { sidAlpha: 1.2 } } };
    const drawn: string[] = [];
    const onEvent = (event: WorkflowEvent): void => {
      if (event.kind === 'progress' && event.done === event.total) drawn.push(event.stage);
    };
    const two = { ...file, cells, compare: { ...file.compare, reference: 'plain' } };
    await study(container, { file: two, folder, out: path.join(folder, 'runs') }, { onEvent });
    expect(drawn.filter((stage) => stage === 'DD2 generator')).toHaveLength(4);
    expect(drawn.filter((stage) => stage === "the teacher's samples")).toHaveLength(2);
    const alone = path.join(root, 'alone');
    mkdirSync(alone);
    const one = { ...two, cells: { more: cells.more }, seeds: [1] };
    const compare = { ...two.compare, reference: 'more' };
    await study(container, { file: { ...one, compare }, folder: alone, out: alone });
    const [name] = readdirSync(path.join(alone, 'results')).filter((one) => one.endsWith('.json'));
    const rowsIn = (of: string): unknown =>
      (JSON.parse(readFileSync(path.join(of, 'results', name!), 'utf8')) as Result).rows;
    expect(rowsIn(folder)).toEqual(rowsIn(alone));
  },
  MINUTES,
);

it.each([
  [{ pathLength: 8 }, 'The feature network "moments" has no "layers" to measure a path length in'],
  [{ cells: { generator: { row: 'AR techer' } } }, 'There is no row "AR techer": did you mean'],
  [
    { compare: { ...file.compare, metric: 'frechet' } },
    'There is no metric "frechet": known are brightness, frechet-distance, teacher-distance.',
  ],
])('refuses %j before anything is trained', async (change, message) => {
  const folder = path.join(root, 'refused');
  const changed = { ...file, ...change };
  await expect(study(container, { file: changed, folder, out: folder })).rejects.toThrow(
    `In the cell "generator" on the preset "third-party:colour": ${message}`,
  );
  expect(readdirSync(root)).not.toContain('refused');
});
