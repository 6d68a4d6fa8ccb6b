import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ofClasses } from '@ar-distill/core';
import { plugin as llamagen } from '@ar-distill/plugin-llamagen';
import { plugin as mnist } from '@ar-distill/plugin-mnist';
import { plugin as varPlugin } from '@ar-distill/plugin-var';
import { createRng } from '@ar-distill/program';
import { ROOT } from '@ar-distill/workspace';
import { exportModel } from '@ar-distill/workflows';
import { openContext } from '../../packages/workflows/src/context';
import { loadPresetModels } from '../../packages/workflows/src/models/preset-models';
import { resolvePreset } from '../../packages/workflows/src/models/resolve-preset';
import { compileDecoder, imageDecoder } from '../../packages/workflows/src/sample/decoder';
import { pluginContainer } from '../plugin-container';

/** Draws on WebAssembly from what a server has, in a process of its own: jest cannot load the ES module in it. */
const WEB = `
const { readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const ort = require('onnxruntime-web');
const { openTeacher } = require('@ar-distill/engine-web');
const [folder, count] = process.argv.slice(1);
ort.env.wasm.numThreads = 1;
const server = createServer(({ url }, response) => response.end(readFileSync(folder + url)));
server.listen(0, '127.0.0.1', async () => {
  const teacher = await openTeacher('http://127.0.0.1:' + server.address().port, ort);
  const drawn = [];
  for (let seed = 0; seed < Number(count); seed++) {
    const seen = [];
    const onStep = ({ step, pixels }) => seen.push([step, [...pixels.data]]);
    const { tokens, pixels } = await teacher.draw(9 - seed, seed, onStep);
    drawn.push({ tokens: [...tokens.data], pixels: [...pixels.data], seen });
  }
  console.log(JSON.stringify(drawn));
  await teacher.dispose();
  server.close();
});
`;

interface Drawn {
  readonly tokens: readonly number[];
  readonly pixels: readonly number[];
  readonly seen: readonly (readonly [step: number, pixels: readonly number[]])[];
}

const COUNT = 3;
const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-teachers-'));
const container = pluginContainer(varPlugin, llamagen, mnist);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

it.each([
  ['mnist-var', 4],
  ['mnist-llamagen', 16],
])('the teacher of %s draws the same in onnxruntime-web', async (preset, steps) => {
  const context = await resolvePreset(openContext(container, {}), { preset });
  const models = await loadPresetModels(context, {});
  const out = path.join(root, preset);
  const options = { preset, out, onnx: 'fp32', samples: 16, teacher: true } as const;
  const { teacher } = await exportModel(container, options);
  expect(teacher!.same).toBe(teacher!.count);
  expect(teacher!.difference).toBeLessThan(1e-5);
  expect(readFileSync(path.join(out, 'README.md'), 'utf8')).toContain('drew 16 of 16 pictures');

  const register = path.join(ROOT, 'tools/jest/register.js');
  const script = ['-C', '@ar-distill/source', '-r', register, '-e', WEB];
  const output = execFileSync(
    process.execPath,
    [...script, path.join(out, 'teacher'), String(COUNT)],
    { cwd: path.join(ROOT, 'packages/engine-web'), encoding: 'utf8' },
  );
  const web = JSON.parse(output) as readonly Drawn[];

  const sampler = await models.teacher.createSampler(context.compiler, models.teacherWeights, 1);
  const decoding = await compileDecoder(context.compiler, imageDecoder(context, models), 1);
  for (const [seed, { tokens, pixels, seen }] of web.entries()) {
    const condition = ofClasses(Int32Array.of(9 - seed));
    const expected = await sampler.sample(condition, createRng(seed), 0);
    expect(tokens).toEqual([...expected.tokens!.data]);
    const { data } = await decoding.images(expected.sequence);
    const apart = pixels.map((value, i) => Math.abs(value - (data[i]! + 1) / 2));
    expect(Math.max(...apart)).toBeLessThan(1e-4);
    expect(seen.map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(seen.at(-1)![1]).toEqual(pixels);
    expect(seen[0]![1]).not.toEqual(pixels);
  }
  await sampler.dispose();
  await decoding.dispose();
});
