import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as toy } from '@ar-distill/plugin-toy';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { planStudy, type StudyFile, studySchema } from '@ar-distill/workflows';
import { parse } from 'yaml';
import { pluginContainer } from '../plugin-container';

const STUDIES = path.join(__dirname, '../../docs/studies');
const names = readdirSync(STUDIES).flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? []);
const container = pluginContainer(varPlugin, llamagen, toy);
const BOTH = ['mnist-var', 'mnist-llamagen'];
/** What is exact is so on the toy alone; only VAR accumulates its scales. */
const PRESETS: Readonly<Record<string, readonly string[]>> = {
  'error-accumulation': ['toy-joint'],
  'noise-input': ['mnist-var'],
};

afterAll(() => container.dispose());

function readStudy(name: string): StudyFile {
  return studySchema.parse(parse(readFileSync(path.join(STUDIES, `${name}.yaml`), 'utf8')));
}

/** Planned where no results are. */
function plan(file: StudyFile) {
  return planStudy(container, { file, folder: __dirname });
}

test.each(names)('the study "%s" can be run', async (name) => {
  const file = readStudy(name);
  expect(file.name).toBe(name);
  expect(file.presets).toEqual(PRESETS[name] ?? BOTH);
  expect(file.seeds).toHaveLength(3);
  const { cells, runs } = await plan(file);
  expect(cells).toBe(file.presets.length * Object.keys(file.cells).length);
  // Cells that only read another row of a run add none.
  const given = Object.values(file.cells).map(({ row: _row, ...cell }) => JSON.stringify(cell));
  expect(runs).toBe(file.presets.length * 3 * new Set(given).size);
});

test('the table of the studies has their numbers of runs', async () => {
  const readme = readFileSync(path.join(STUDIES, 'README.md'), 'utf8');
  const table = [...readme.matchAll(/^\| \[?`([\w-]+)`.*\| +(\d+) \|$/gm)].map(([, name, runs]) => [
    name,
    Number(runs),
  ]);
  const counted: [string, number][] = [];
  for (const name of names) counted.push([name, (await plan(readStudy(name))).runs]);
  expect(table).toEqual(counted);
});

/** The study "multi-step" with other presets and cells. */
const multiStep = readStudy('multi-step');
const compare = { ...multiStep.compare, reference: 'redrawn' };

test.each([
  ['mnist-var', 4],
  ['mnist-llamagen', 16],
])('of %s the teacher redraws at most the %d AR steps', async (preset, steps) => {
  const redrawing = (redrawn: number): StudyFile => ({
    ...multiStep,
    presets: [preset],
    adaptation: undefined,
    cells: { redrawn: { row: `DD2 generator, last ${redrawn} AR steps by the teacher` } },
    paper: undefined,
    compare,
  });
  await expect(plan(redrawing(steps))).resolves.toMatchObject({ finished: 0 });
  await expect(plan(redrawing(steps + 1))).rejects.toThrow(
    `In the cell "redrawn" on the preset "${preset}": There is no row "DD2 generator, last ${steps + 1} AR steps by the teacher": did you mean`,
  );
});

test('settings of an adaptation are refused where no preset has one', async () => {
  await expect(plan({ ...multiStep, presets: ['mnist-var'] })).rejects.toThrow(
    'The preset "mnist-var" has no settings for an adaptation of its teacher: leave them out.',
  );
});
