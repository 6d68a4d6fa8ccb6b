import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { plugin as toy, THREE_TOKEN_JOINT, toyArchitectureSchema } from '@ar-distill/plugin-toy';
import {
  InvalidOptionError,
  planStudy,
  study,
  type StudyFile,
  studySchema,
} from '@ar-distill/workflows';
import { pluginContainer } from '../plugin-container';
import { TINY_SETTINGS } from './tiny-models';

const toyJoint = toy.presets!['toy-joint']!;
const architecture = toyArchitectureSchema.parse({ ...THREE_TOKEN_JOINT, width: 8, heads: 2 });
const container = pluginContainer({
  ...toy,
  presets: { 'toy-joint': { ...toyJoint, architecture } },
});
const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-study-'));
const MINUTES = 300_000;

const cells = {
  constant: { settings: { stepWeights: [1, 1] } },
  falling: { settings: { stepWeights: [3, 1] } },
  again: { settings: { stepWeights: [1, 1] } },
};
const file: StudyFile = studySchema.parse({
  name: 'weights',
  title: 'Weights <of> AR steps',
  presets: ['toy-joint'],
  seeds: [0, 1],
  samples: 64,
  settings: TINY_SETTINGS,
  cells,
  compare: { reference: 'constant', metric: 'totalVariation' },
  paper: {
    says: 'Falling is better.',
    ordering: ['falling', 'constant'],
    figures: { falling: 1.5, constant: { 'toy-joint': 2.5 } },
  },
});

/** What is read of a result. */
interface RunOfSettings {
  readonly config: { readonly settings: Readonly<Record<string, unknown>> };
}

interface RunOfRows {
  readonly rows: readonly { readonly name: string }[];
}

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

function folders(name: string) {
  const folder = path.join(root, name);
  mkdirSync(folder);
  return { folder, out: path.join(folder, 'runs') };
}

/** The results of a study by their names, without times. */
function resultsOf(folder: string): Record<string, unknown> {
  const results = path.join(folder, 'results');
  return Object.fromEntries(
    readdirSync(results).map((name) => {
      const result = path.join(results, name);
      expect(statSync(result).size).toBeLessThanOrEqual(20_000);
      const text = readFileSync(result, 'utf8');
      expect(text).not.toContain(root);
      const { times, ...rest } = JSON.parse(text) as { times: object };
      expect(Object.keys(times)).toEqual(expect.arrayContaining(['distillation', 'report']));
      return [name, rest];
    }),
  );
}

/** What every run took for its tuning. */
function tuningSeconds(folder: string): number[] {
  return readdirSync(path.join(folder, 'results')).map((name) => {
    const text = readFileSync(path.join(folder, 'results', name), 'utf8');
    return (JSON.parse(text) as { readonly times: Readonly<Record<string, number>> }).times[
      'tuning'
    ]!;
  });
}

it.each([
  ['results', (folder: string) => writeFileSync(path.join(folder, 'results'), '')],
  ['weights.html', (folder: string) => mkdirSync(path.join(folder, 'weights.html'))],
])('says before it starts that %s cannot be written', async (name, block) => {
  const places = folders(`blocked-${name}`);
  block(places.folder);
  const refused = study(container, { file, ...places });
  await expect(refused).rejects.toThrow(InvalidOptionError);
  await expect(refused).rejects.toThrow(`/${name}" is a `);
  expect(readdirSync(places.folder)).toEqual([name]);
});

it(
  'goes on where it was interrupted, to the same results, and runs equal cells once',
  async () => {
    const whole = folders('whole');
    const page = await study(container, { file, ...whole });
    const results = resultsOf(whole.folder);
    expect(Object.keys(results)).toHaveLength(4);
    expect(readdirSync(path.join(whole.out, 'studies'))).toHaveLength(4);

    // A run whose stage 1 another one had done is what it is alone, and took as long.
    const alone = folders('alone');
    const { falling } = cells;
    const only = { cells: { falling }, compare: { ...file.compare, reference: 'falling' } };
    await study(container, { file: { ...file, ...only, paper: undefined }, ...alone });
    const lonely = resultsOf(alone.folder);
    expect(Object.keys(lonely)).toHaveLength(2);
    expect(results).toMatchObject(lonely);
    const runs = readdirSync(path.join(whole.out, 'studies')).map((name) => {
      const made = path.join(whole.out, 'studies', name, 'config.json');
      return (JSON.parse(readFileSync(made, 'utf8')) as { readonly stage1?: object }).stage1;
    });
    expect(runs.filter((stage1) => stage1 !== undefined)).toHaveLength(2);
    const [first] = tuningSeconds(whole.folder);
    expect(tuningSeconds(whole.folder).filter((seconds) => seconds === first)).toHaveLength(2);

    // Another row of runs that are there is measured without training them again.
    const before = 'one step before distillation';
    const beside = { ...file, name: 'beside', paper: undefined };
    const other = { ...beside, cells: { constant: { ...cells.constant, row: before } } };
    expect(await planStudy(container, { file: other, ...whole })).toMatchObject({
      runs: 2,
      finished: 0,
    });
    const trained: string[] = [];
    await study(
      container,
      { file: other, ...whole },
      { onEvent: (event) => void (event.kind === 'progress' && trained.push(event.stage)) },
    );
    expect(new Set(trained)).toEqual(new Set([before]));
    expect(readdirSync(path.join(whole.out, 'studies'))).toHaveLength(4);
    const rows = Object.values(resultsOf(whole.folder)).map((result) =>
      (result as RunOfRows).rows.map(({ name }) => name),
    );
    expect(rows.filter((names) => names.includes(before))).toHaveLength(2);
    expect(rows.every((names) => names.includes('DD2 generator'))).toBe(true);

    const stopped = folders('stopped');
    const stop = new AbortController();
    let run = 0;
    const interrupted = study(
      container,
      { file, ...stopped },
      {
        signal: stop.signal,
        onEvent: (event) => {
          if (event.kind === 'study-run') run = event.number;
          const isTraining = event.kind === 'progress' && event.stage === 'distillation';
          if (run === 2 && isTraining) stop.abort();
        },
      },
    );
    await expect(interrupted).rejects.toThrow();
    expect(await planStudy(container, { file, ...stopped })).toMatchObject({
      cells: 3,
      runs: 4,
      finished: 1,
    });
    await study(container, { file, ...stopped });
    expect(readdirSync(path.join(stopped.out, 'studies'))).toHaveLength(4);
    expect(resultsOf(stopped.folder)).toEqual(results);

    // The page follows from the results alone, here without any run directory.
    const written = readFileSync(page, 'utf8');
    rmSync(whole.out, { recursive: true });
    rmSync(page);
    await study(container, { file, ...whole, pageOnly: true });
    expect(readFileSync(page, 'utf8')).toBe(written);
    expect(written).toContain('<h1>Weights &lt;of&gt; AR steps</h1>');
    expect(written).toContain('4 of 4 runs');
    expect(written).toMatch(/<td>again<\/td>.*<td>none<\/td>/);
    expect(written).toContain('<td>falling (1.5) better than constant (2.5)</td>');
    expect(written).toContain('<th class="right">paper (quoted)</th>');
    expect(written).toMatch(/<tr><td>constant<\/td>.*<td class="right">2\.5<\/td>/);
    expect(written).toMatch(/<tr><td>again<\/td>.*<td class="right">–<\/td>/);
    expect(written).not.toMatch(/(?:src|href)="(?!data:)/);

    // A study beside it shares what it has, also the result of a version that had fewer settings.
    const one = path.join(whole.folder, 'results', Object.keys(results)[0]!);
    const { config, ...rest } = JSON.parse(readFileSync(one, 'utf8')) as RunOfSettings;
    const fewer = Object.fromEntries(
      Object.entries(config.settings).filter(([name]) => name !== 'timesteps'),
    );
    const overview = async (kept: object) => {
      writeFileSync(one, JSON.stringify({ ...rest, config: { ...config, settings: kept } }));
      return planStudy(container, { file: beside, ...whole });
    };
    expect(await overview(fewer)).toMatchObject({ runs: 4, finished: 4 });
    expect(await overview({ ...fewer, tMin: 0.5 })).toMatchObject({ runs: 4, finished: 3 });
  },
  MINUTES,
);

it.each([
  [
    { cells: { ...cells, wrong: { settings: { stepWeigths: [1, 1] } } } },
    /^In the cell "wrong" on the preset "toy-joint": The setting "stepWeigths".*did you mean/,
  ],
  [
    { compare: { ...file.compare, reference: 'rising' } },
    'The study has no cell "rising" to compare: it has constant, falling, again.',
  ],
  [
    { cells: { ...cells, before: { row: 'one step before destillation' } } },
    'In the cell "before" on the preset "toy-joint": There is no row "one step before destillation": did you mean "one step before distillation"?',
  ],
  [
    { compare: { ...file.compare, metric: 'totalVaration' } },
    'In the cell "constant" on the preset "toy-joint": There is no metric "totalVaration": did you mean "totalVariation"?',
  ],
  [
    { pathLength: 10 },
    'In the cell "constant" on the preset "toy-joint": A path length is of images, and its sequences are none: leave "pathLength" out.',
  ],
])('refuses %j before it starts', async (change, message) => {
  const name = `refused-${readdirSync(root).length}`;
  const { folder, out } = folders(name);
  await expect(study(container, { file: { ...file, ...change }, folder, out })).rejects.toThrow(
    message,
  );
  expect(readdirSync(folder)).toEqual([]);
});
