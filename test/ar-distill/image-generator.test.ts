import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PNG } from 'pngjs';
import { type GeneratedImage, ImageGenerator, InvalidOptionError } from 'ar-distill';

const PROJECT = resolve(__dirname, '../..');
const GENERATOR = join(PROJECT, 'plugins/var/assets/mnist/generator.safetensors');
const load = (source: string) =>
  ImageGenerator.fromPretrained(source, { project: PROJECT, threads: 1 });

/** Largest difference of two images in steps of 1/255. */
function difference(a: GeneratedImage, b: GeneratedImage): number {
  const other = b.pixels;
  return a.pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0);
}

describe('ImageGenerator', () => {
  let generator: ImageGenerator;
  beforeAll(async () => {
    generator = await load('mnist-var');
  });
  afterAll(() => generator.dispose());

  it('makes an image per class that is asked for', async () => {
    const { images } = await generator.generate({ classes: [7, 3], seed: 0 });
    expect(images.map(({ label }) => label)).toEqual([7, 3]);
    for (const { height, width, channels, pixels } of images) {
      expect([height, width, channels, pixels.length]).toEqual([32, 32, 1, 1024]);
      // Ink on a dark background: neither empty nor noise.
      const ink = pixels.filter((value) => value > 128).length / pixels.length;
      expect(ink).toBeGreaterThan(0.02);
      expect(ink).toBeLessThan(0.3);
    }
    expect(difference(images[0]!, images[1]!)).toBeGreaterThan(100);
    expect(generator.numClasses).toBe(10);
    expect(generator.imageSize).toEqual({ height: 32, width: 32, channels: 1 });
  });

  it('gives PNG files with these pixels', async () => {
    const { images } = await generator.generate({ classes: [5], seed: 3 });
    const { width, height, data } = PNG.sync.read(Buffer.from(images[0]!.toPng()));
    expect([width, height]).toEqual([32, 32]);
    const grey = Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]!);
    expect(grey).toEqual(images[0]!.pixels);
  });

  it('makes image i of seed, i and class alone, whatever the batch', async () => {
    const classes = [0, 1, 2, 3, 4, 5, 6];
    const { images: together } = await generator.generate({ classes, seed: 11 });
    const batches: number[] = [];
    const apart: GeneratedImage[] = [];
    for await (const batch of generator.batches({ classes, seed: 11, batchSize: 3 })) {
      batches.push(batch.length);
      apart.push(...batch);
    }
    expect(batches).toEqual([3, 3, 1]);
    // The order of sums in a product may depend on its size: a rounding step at most.
    together.forEach((image, i) => expect(difference(image, apart[i]!)).toBeLessThanOrEqual(1));
    const { images: again } = await generator.generate({ classes: [9, 1], seed: 11 });
    expect(difference(again[1]!, together[1]!)).toBeLessThanOrEqual(1);
    const { images: other } = await generator.generate({ classes, seed: 12 });
    expect(difference(other[1]!, together[1]!)).toBeGreaterThan(30);
  });

  it('interpolates between the images of two seeds', async () => {
    const { images } = await generator.interpolate({ class: 3, from: 4, to: 5, steps: 5 });
    expect(images.map(({ label }) => label)).toEqual([3, 3, 3, 3, 3]);
    const ends = await Promise.all(
      [4, 5].map(async (seed) => (await generator.generate({ classes: [3], seed })).images[0]!),
    );
    expect(difference(images[0]!, ends[0]!)).toBeLessThanOrEqual(1);
    expect(difference(images[4]!, ends[1]!)).toBeLessThanOrEqual(1);
    expect(difference(images[2]!, ends[0]!)).toBeGreaterThan(30);
  });

  it('lets the teacher draw by the same calls, and watches it', async () => {
    const { images } = await generator.teacher.generate({ classes: [8, 2, 6], seed: 1 });
    const seen: string[] = [];
    const last: GeneratedImage[] = [];
    const watched = await generator.teacher.generate({
      classes: [8, 2, 6],
      seed: 1,
      batchSize: 2,
      onStep: ({ step, steps, first, images: drawn }) => {
        seen.push(`${first}: ${step}/${steps} ${drawn.map(({ label }) => label)}`);
        if (step === steps) last.push(...drawn);
      },
    });
    expect(seen).toEqual([
      ...[1, 2, 3, 4].map((step) => `0: ${step}/4 8,2`),
      ...[1, 2, 3, 4].map((step) => `2: ${step}/4 6`),
    ]);
    images.forEach((image, i) => {
      expect(difference(image, watched.images[i]!)).toBeLessThanOrEqual(1);
      expect(difference(watched.images[i]!, last[i]!)).toBeLessThanOrEqual(1);
    });
  });

  it('stops between batches', async () => {
    const controller = new AbortController();
    const drawn: number[] = [];
    const run = async () => {
      for await (const batch of generator.batches({
        count: 6,
        batchSize: 2,
        signal: controller.signal,
      })) {
        drawn.push(batch.length);
        controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: 'AbortError' });
    expect(drawn).toEqual([2]);
  });

  it.each([
    [{ classes: [10] }, 'There is no class 10: give classes from 0 to 9.'],
    [{ classes: [-1] }, 'There is no class -1'],
    [{ classes: [] }, 'The list of classes is empty'],
    [{ count: 0 }, 'The number of images must be a whole number above 0, not 0.'],
    [{ count: 1.5 }, 'not 1.5'],
    [{ seed: -1 }, 'A seed must be a whole number from 0 to 2^53 − 1, not -1.'],
    [{ seed: 2 ** 53 }, 'not 9007199254740992'],
    [{ classes: [NaN] }, 'There is no class NaN'],
    [{ classes: [1.5] }, 'There is no class 1.5'],
    [{ classes: [2 ** 32] }, 'There is no class 4294967296'],
    [{ count: 3, batchSize: NaN }, 'The size of a batch must be a whole number above 0, not NaN.'],
    [{ count: 3, batchSize: 0 }, 'not 0'],
  ])('refuses %p with a sentence', async (options, sentence) => {
    for (const drawer of [generator, generator.teacher]) {
      const drawn = drawer.generate(options);
      await expect(drawn).rejects.toThrow(InvalidOptionError);
      await expect(drawn).rejects.toThrow(sentence);
    }
  });

  it('refuses a guidance scale where the generator was distilled for one', async () => {
    const sentence = 'was distilled without "guidanceRange", for one guidance';
    const generated = generator.generate({ guidance: 2 });
    await expect(generated).rejects.toThrow(InvalidOptionError);
    await expect(generated).rejects.toThrow(sentence);
    await expect(generator.interpolate({ guidance: 2 })).rejects.toThrow(sentence);
  });

  it('serves several callers at once', async () => {
    for (const drawer of [generator, generator.teacher]) {
      const requests = [5, 6, 7].map((seed) => ({ classes: [1, 2], seed }));
      const apart: (readonly GeneratedImage[])[] = [];
      for (const request of requests) apart.push((await drawer.generate(request)).images);
      const together = await Promise.all(requests.map((request) => drawer.generate(request)));
      together.forEach(({ images }, i) => {
        images.forEach((image, j) => expect(image.pixels).toEqual(apart[i]![j]!.pixels));
      });
    }
  });
});

describe('fromPretrained', () => {
  it('takes the file of a generator', async () => {
    const generator = await load(GENERATOR);
    const { images } = await generator.generate({ classes: [7], seed: 0 });
    expect(images).toHaveLength(1);
    await generator.dispose();
    await expect(generator.generate({ classes: [7] })).rejects.toThrow('disposed of');
  });

  it('ends with the block that uses it', async () => {
    const generator = await load('mnist-llamagen');
    await generator[Symbol.asyncDispose]();
    await expect(generator.generate()).rejects.toThrow('disposed of');
  });

  it.each([
    [{ backend: 'onnxruntim' }, 'There is no engine backend "onnxruntim": did you mean'],
    [{ threads: 0 }, 'The number of threads must be a whole number above 0, not 0.'],
  ])('refuses %j before anything is loaded', async (options, sentence) => {
    const loaded = ImageGenerator.fromPretrained('mnist-var', { project: PROJECT, ...options });
    await expect(loaded).rejects.toThrow(InvalidOptionError);
    await expect(loaded).rejects.toThrow(sentence);
  });

  it('explains what cannot be loaded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pretrained-'));
    cpSync(
      join(PROJECT, 'plugins/var/assets/mnist/teacher.safetensors'),
      join(folder, 't.safetensors'),
    );
    await expect(load('mnist-vra')).rejects.toThrow('did you mean "mnist-var"?');
    await expect(load(join(folder, 't.safetensors'))).rejects.toThrow(InvalidOptionError);
    await expect(load(join(PROJECT, 'package.json'))).rejects.toThrow('holds no generator');
    await expect(load(folder)).rejects.toThrow(InvalidOptionError);
    await expect(load(folder)).rejects.toThrow('is no run directory');
    await expect(load('toy-joint')).rejects.toThrow('are not images');
    rmSync(folder, { recursive: true });
  });
});
