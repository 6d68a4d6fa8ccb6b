import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import type { TypedContainer } from '@ar-distill/di';
import { saveModelDirectory } from '@ar-distill/runs';
import { type Hub, InvalidOptionError, planStudy, studySchema } from '@ar-distill/workflows';
import { planRuns } from '../../packages/workflows/src/study/plan-runs';
import { HubServer } from '../hub/hub-server';
import { pluginContainer } from '../plugin-container';
import { tinyImagePlugin } from './tiny-models';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-study-networks-'));
const at = (name: string): string => path.join(root, name);
let container: TypedContainer;
let server: HubServer;

beforeAll(async () => {
  const plugin = await tinyImagePlugin(root);
  container = pluginContainer(plugin);
  const { tensors } = await readSafetensors(plugin.presets!['pixels']!.weights!.teacher!);
  const source = { file: 'teacher.pth', path: '' };
  const components = [
    { kind: 'teacher', label: 'a teacher', tensors: Object.keys(tensors).length, source },
  ];
  await saveModelDirectory(
    at('teacher'),
    { plugin: 'tiny', components, architecture: {} },
    Object.entries(tensors).map(([name, { shape, data }]) => ({
      name,
      shape,
      type: 'F32',
      read: async function* () {
        yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      },
    })),
  );
  server = await HubServer.start('me/teacher', at('teacher'));
  server.revisions['v1'] = 'a'.repeat(40);
});
afterAll(async () => {
  await container.dispose();
  await server.stop();
  rmSync(root, { recursive: true });
});

const hubIn = (cache: string): Hub => ({ endpoint: server.endpoint, cache: at(cache) });
const studyOf = (teacher: string) =>
  studySchema.parse({
    name: 'teachers',
    title: 'A teacher of a hub, and the one that ships',
    presets: ['pixels'],
    seeds: [0, 1],
    cells: { own: { teacher }, shipped: {} },
    compare: { reference: 'shipped', metric: 'frechet-distance' },
  });

it('fetches the teacher of a cell once, and keeps the names of its runs wherever that was fetched to', async () => {
  const file = studyOf('hf:me/teacher@v1');
  const { runs } = await planRuns(container, file, {}, hubIn('here'));
  expect(runs.map(({ options }) => options.teacher?.startsWith(at('here')))).toEqual([
    true,
    true,
    undefined,
    undefined,
  ]);
  const asked = server.requests.length;
  const again = await planRuns(container, file, {}, hubIn('here'));
  expect(server.requests).toHaveLength(asked);
  const elsewhere = await planRuns(container, file, {}, hubIn('elsewhere'));
  const keys = runs.map(({ key }) => key);
  expect(new Set(keys).size).toBe(4);
  expect(again.runs.map(({ key }) => key)).toEqual(keys);
  expect(elsewhere.runs.map(({ key }) => key)).toEqual(keys);
  const folder = await planRuns(container, studyOf(at('teacher')), {});
  expect(folder.runs[0]!.options.teacher).toBe(at('teacher'));
});

it.each([
  ['hf:me/another', 'In the cell "own" on the preset "pixels": '],
  ['hf:nobody', '"hf:nobody" names no model of a hub: write hf:ORG/NAME, or hf:ORG/NAME@REVISION.'],
])('says in which cell a name is wrong: %s', async (teacher, sentence) => {
  const options = { file: studyOf(teacher), folder: root, out: at('runs'), hub: hubIn('here') };
  const planned = planStudy(container, options);
  await expect(planned).rejects.toThrow(InvalidOptionError);
  await expect(planned).rejects.toThrow(sentence);
});
