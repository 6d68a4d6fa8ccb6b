import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { planStudy, type StudyFile, studySchema } from '@ar-distill/workflows';
import { parse } from 'yaml';
import { pluginContainer } from '../plugin-container';

const STUDIES = path.join(__dirname, '../../docs/studies');
const names = readdirSync(STUDIES).flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? []);
const container = pluginContainer(varPlugin, llamagen);

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
  expect(file.presets).toEqual(['mnist-var', 'mnist-llamagen']);
  expect(file.seeds).toHaveLength(3);
  const { cells, runs } = await plan(file);
  const distilled = Object.values(file.cells).filter(
    ({ row, teacherSteps }) => (row ?? teacherSteps) === undefined,
  );
  expect(cells).toBe(2 * Object.keys(file.cells).length);
  // Cells that only read another row of a run add none.
  expect(runs).toBe(2 * 3 * distilled.length);
});

/** The study "multi-step" with other presets and cells. */
const multiStep = readStudy('multi-step');
const compare = { ...multiStep.compare, reference: 'redrawn' };

test.each([
  ['mnist-var', 4],
  ['mnist-llamagen', 16],
])('of %s the teacher redraws at most the %d AR steps', async (preset, steps) => {
  const redrawing = (teacherSteps: number): StudyFile => ({
    ...multiStep,
    presets: [preset],
    adaptation: undefined,
    cells: { redrawn: { teacherSteps } },
    paper: undefined,
    compare,
  });
  await expect(plan(redrawing(steps))).resolves.toMatchObject({ finished: 0 });
  await expect(plan(redrawing(steps + 1))).rejects.toThrow(
    `In the cell "redrawn" on the preset "${preset}": The teacher can draw 0 to ${steps} of the last AR steps again, not ${steps + 1}: ask for fewer.`,
  );
});

test('settings of an adaptation are refused where no preset has one', async () => {
  await expect(plan({ ...multiStep, presets: ['mnist-var'] })).rejects.toThrow(
    'The preset "mnist-var" has no settings for an adaptation of its teacher: leave them out.',
  );
});
