import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MODEL_EXPORTER, type TypedContainer } from '@ar-distill/di';
import { plugin as toy } from '@ar-distill/plugin-toy';
import type { HostTensor, ModelExporter } from '@ar-distill/program';
import {
  distill,
  exportModel,
  type ExportOptions,
  ImageModel,
  InvalidOptionError,
  sample,
} from '@ar-distill/workflows';
import { parse } from 'yaml';
import { drawnBy, WEB_RUNTIME } from '../onnx-runtimes';
import { pluginContainer } from '../plugin-container';
import { TINY_SETTINGS, tinyImagePlugin } from './tiny-models';

const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-export-'));
const at = (name: string): string => path.join(root, name);
let container: TypedContainer;
let run: string;
let toyRun: string;

beforeAll(async () => {
  container = pluginContainer(toy, await tinyImagePlugin(root));
  const out = at('runs');
  ({ run } = await distill(container, { preset: 'pixels', out, report: false }));
  ({ run: toyRun } = await distill(container, {
    preset: 'toy-joint',
    settings: TINY_SETTINGS,
    samples: 16,
    out,
  }));
}, 300_000);

afterAll(async () => {
  await container.dispose();
  rmSync(root, { recursive: true, force: true });
});

const drawn = async (options: Parameters<typeof sample>[1]): Promise<HostTensor> =>
  (await sample(container, { count: 5, seed: 3, ...options })).images;

/** The fields between the lines of hyphens, and the text below. */
function cardOf(folder: string): {
  readonly fields: Record<string, unknown>;
  readonly text: string;
} {
  const [, fields, text] = /^---\n(.*?)\n---\n(.*)$/s.exec(
    readFileSync(path.join(folder, 'README.md'), 'utf8'),
  )!;
  return { fields: parse(fields!) as Record<string, unknown>, text: text! };
}

it('writes a run as a model that draws what the run draws', async () => {
  const out = at('model');
  const { folder, bytes, onnx } = await exportModel(container, { run, out });
  expect({ folder, onnx }).toEqual({ folder: out, onnx: undefined });
  expect(bytes).toBeGreaterThan(0);
  expect(readdirSync(out).sort()).toEqual([
    'README.md',
    'config.json',
    'model-00001-of-00001.safetensors',
    'model.safetensors.index.json',
    'preview.png',
  ]);
  const expected = await drawn({ run });
  expect(await drawn({ weights: out })).toEqual(expected);
  const model = await ImageModel.open(container, out);
  const request = { by: 'generator', count: 5, rng: model.createRng(3) } as const;
  const condition = model.condition.inTurn(0, 5);
  const values: number[] = [];
  for await (const { images } of model.draw({ ...request, condition })) values.push(...images.data);
  expect(values).toEqual([...expected.data]);
  await model.dispose();
  const { fields, text } = cardOf(out);
  expect(fields).toMatchObject({
    license: 'unknown',
    library_name: 'ar-distill',
    pipeline_tag: 'unconditional-image-generation',
  });
  expect(text).toContain('ar-distill distill --preset tiny-images:pixels --method csd');
  expect(text).toContain('generatorIterations: 4');
  expect(text).toContain('There is no PyTorch program, because the plugin of "tiny" brings none.');
});

it('writes an ONNX model that draws the same pixels here and in onnxruntime-web, however many at once', async () => {
  const out = at('with-onnx');
  const { onnx } = await exportModel(container, { run, out, onnx: 'fp32' });
  expect(onnx!.rows.map(({ name }) => name)).toEqual(['library', 'fp32']);
  expect(onnx!.rows[1]!.difference).toBeLessThan(1e-5);
  expect(cardOf(out).fields['tags']).toContain('onnx');
  expect(cardOf(out).text).toContain("labels: new ort.Tensor('int32', labels, [count]),");
  const model = await container.resolve(MODEL_EXPORTER).open(path.join(out, 'generator.onnx'));
  const rng = (await ImageModel.open(container, run)).createRng(3);
  for (const count of [1, 3, 17]) {
    const images = (await drawn({ run, count })).data;
    const normals = Array.from({ length: count }, (_, i) => [...rng.normal('sample/noise', i, 12)]);
    const noise = Float32Array.from(normals.flat());
    const labels = Int32Array.from(normals, (_, i) => i % 3);
    const result = await model.run({
      noise: { shape: [count, 6, 2], dtype: 'float32', data: noise },
      labels: { shape: [count], dtype: 'int32', data: labels },
    });
    const pixels = result['images']!;
    expect(pixels.shape).toEqual([count, 1, 2, 1]);
    pixels.data.forEach((value, i) => expect(value).toBeCloseTo((images[i]! + 1) / 2, 5));
    const inWeb = drawnBy(WEB_RUNTIME, path.join(out, 'generator.onnx'), noise, labels);
    expect(inWeb).toHaveLength(images.length);
    inWeb.forEach((value, i) => expect(value).toBeCloseTo((images[i]! + 1) / 2, 5));
  }
  await model.dispose();
});

it('compares a smaller model with the exact one, which does not stay', async () => {
  const out = at('half');
  const { onnx } = await exportModel(container, { run, out, onnx: 'fp16', samples: 20 });
  expect(onnx).toMatchObject({ precision: 'fp16', count: 20 });
  const [, exact, half] = onnx!.rows;
  expect(half!.difference).toBeGreaterThan(exact!.difference!);
  expect(half!.difference).toBeLessThan(0.01);
  expect(readdirSync(out)).toContain('generator.onnx');
  expect(readdirSync(out)).not.toContain('fp32');
});

it('replaces vectors by codes in the model where it is told to', async () => {
  const out = at('snapped');
  await exportModel(container, { run, out, onnx: 'fp32', snap: true });
  const model = await container.resolve(MODEL_EXPORTER).open(path.join(out, 'generator.onnx'));
  const rng = (await ImageModel.open(container, run)).createRng(3);
  const { images } = await model.run({
    noise: { shape: [1, 6, 2], dtype: 'float32', data: rng.normal('sample/noise', 0, 12) },
    labels: { shape: [1], dtype: 'int32', data: Int32Array.of(0) },
  });
  await model.dispose();
  const snapped = await drawn({ run, count: 1, snap: true });
  const plain = await drawn({ run, count: 1 });
  expect(snapped).not.toEqual(plain);
  images!.data.forEach((value, i) => expect(value).toBeCloseTo((snapped.data[i]! + 1) / 2, 5));
});

it('writes what is no image with the figures of its report', async () => {
  const out = at('toy');
  await exportModel(container, { run: toyRun, out });
  expect(readdirSync(out)).not.toContain('preview.png');
  const results = readFileSync(path.join(toyRun, 'results.json'), 'utf8');
  expect(readFileSync(path.join(out, 'results.json'), 'utf8')).toBe(results);
  expect(cardOf(out).text).toContain('| DD2 generator');
});

it.each<[string, () => ExportOptions, string]>([
  ['a folder that is there', () => ({ run, out: root }), `"${root}" exists already: remove it`],
  [
    'a choice without a model',
    () => ({ run, out: at('never'), samples: 5 }),
    '"samples" is about the ONNX model: leave it out, or say with "onnx"',
  ],
  [
    'a teacher without a model',
    () => ({ run, out: at('never'), teacher: true }),
    '"teacher" is about the ONNX model: leave it out, or say with "onnx"',
  ],
  [
    'a teacher that keeps no cache',
    () => ({ run, out: at('never'), onnx: 'fp32', teacher: true }),
    'cannot be exported, because it keeps no keys and values from one AR step to the next: leave "teacher" out.',
  ],
  [
    'what ships nothing',
    () => ({ preset: 'pixels', out: at('never') }),
    'The preset "pixels" ships no generator',
  ],
  [
    'an ONNX model of what is no image',
    () => ({ run: toyRun, out: at('never'), onnx: 'fp32' }),
    'The sequences of the preset "toy-joint" are not images',
  ],
])('refuses %s and writes nothing', async (_what, options, sentence) => {
  const exported = exportModel(container, options());
  await expect(exported).rejects.toThrow(InvalidOptionError);
  await expect(exported).rejects.toThrow(sentence);
  expect(existsSync(at('never'))).toBe(false);
});

it('leaves nothing behind when the model draws something else', async () => {
  const broken = pluginContainer(toy, await tinyImagePlugin(root));
  const real = container.resolve(MODEL_EXPORTER);
  const darker: ModelExporter = {
    ...real,
    open: async (file) => {
      const model = await real.open(file);
      return {
        ...model,
        run: async (inputs) => {
          const { images } = await model.run(inputs);
          const data = Float32Array.from(images!.data, (value) => value * 0.99);
          return { images: { shape: images!.shape, dtype: 'float32', data } };
        },
      };
    },
  };
  broken.registerValue(MODEL_EXPORTER, darker);
  const before = readdirSync(root);
  await expect(exportModel(broken, { run, out: at('never'), onnx: 'fp32' })).rejects.toThrow(
    /draws pixels that differ by .* from the library's/,
  );
  expect(readdirSync(root)).toEqual(before);
  await broken.dispose();
});

it('writes the PyTorch program of a backbone that brings its part, behind what all have in common', async () => {
  const [family, generator] = [at('family.py'), at('generator_of_family.py')];
  writeFileSync(family, '# Blocks.\n');
  writeFileSync(generator, 'main(OwnImageModel)\n');
  const tiny = await tinyImagePlugin(root);
  const backbones = tiny.backbones!.map((backbone) => ({
    ...backbone,
    pytorchFiles: [family, generator],
  }));
  const own = pluginContainer(toy, { ...tiny, backbones });
  await exportModel(own, { run, out: at('with-program') });
  const program = readFileSync(at('with-program/generator.py'), 'utf8');
  expect(program).toMatch(/^#!\/usr\/bin\/env python3\n"""/);
  expect(program.indexOf('class ImageModel')).toBeLessThan(program.indexOf('def main('));
  expect(program).toContain('class OneStepGenerator(SequenceGenerator):');
  expect(program).not.toContain('Distilled Decoding 1');
  expect(program.endsWith('\n\n\n# Blocks.\n\n\nmain(OwnImageModel)\n')).toBe(true);
  expect(cardOf(at('with-program')).fields['tags']).toContain('pytorch');
  expect(cardOf(at('with-program')).text).toContain('python generator.py --class 3');
  expect(cardOf(at('with-program')).text).not.toContain('--steps');
  rmSync(family);
  await expect(exportModel(own, { run, out: at('never') })).rejects.toThrow(
    `The backbone "tiny" lacks "${family}": install its plugin again.`,
  );
  expect(existsSync(at('never'))).toBe(false);
  await own.dispose();
});
