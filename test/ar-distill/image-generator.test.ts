import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createRng } from '@ar-distill/program';
import { PNG } from 'pngjs';
import { parse } from 'yaml';
import {
  type GeneratedImage,
  type GenerateOptions,
  ImageBatcher,
  ImageGenerator,
  type ImagePixels,
  InvalidOptionError,
} from 'ar-distill';

const PROJECT = resolve(__dirname, '../..');
const GENERATOR = join(PROJECT, 'plugins/var/assets/mnist/generator.safetensors');
const load = (source: string) =>
  ImageGenerator.fromPretrained(source, { project: PROJECT, threads: 1 });

/** Largest difference of two images in steps of 1/255. */
function difference(a: GeneratedImage, b: GeneratedImage): number {
  const other = b.pixels;
  return a.pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0);
}

/** Mean difference of two images in steps of 1/255. */
function distance(a: GeneratedImage, b: GeneratedImage): number {
  const sum = a.pixels.reduce((total, value, i) => total + Math.abs(value - b.pixels[i]!), 0);
  return sum / a.pixels.length;
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

  it('makes the picture of the README with the three lines in it', async () => {
    const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
    const [, options] =
      /fromPretrained\('mnist-var'\);\nconst digits = await generator\.generate\((.+)\);\nawait writeFile\('digits\.png', digits\.toPng\(\)\);/.exec(
        readme,
      )!;
    const digits = await generator.generate(parse(options!) as GenerateOptions);
    const made = PNG.sync.read(Buffer.from(digits.toPng()));
    const shown = PNG.sync.read(readFileSync(join(PROJECT, 'docs/images/digits.png')));
    expect([made.width, made.height]).toEqual([shown.width, shown.height]);
    expect(Math.max(...made.data.map((value, i) => Math.abs(value - shown.data[i]!)))).toBeLessThan(
      3,
    );
  });

  it('makes every image of a seed of its own', async () => {
    const seeds = [21, 5, 21];
    const classes = [4, 4, 6];
    const { images } = await generator.generate({ seeds, classes, batchSize: 2 });
    expect(images.map(({ label }) => label)).toEqual(classes);
    for (const [i, image] of images.entries()) {
      const { images: alone } = await generator.generate({
        seed: seeds[i]!,
        classes: [classes[i]!],
      });
      expect(difference(image, alone[0]!)).toBeLessThanOrEqual(1);
    }
  });

  it('reads tokens in images, and makes the images of tokens', async () => {
    expect(generator.tokenLayout.stepLengths).toEqual([1, 4, 9, 16]);
    const { images } = await generator.generate({ classes: [2, 7, 0, 1, 9], seed: 8 });
    const tokens = await generator.encode(images);
    const { images: again } = await generator.decode(tokens);
    for (const [i, sequence] of tokens.entries()) {
      expect(sequence).toHaveLength(30);
      expect(Math.min(...sequence)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...sequence)).toBeLessThan(generator.tokenLayout.vocabSize);
      // The tokenizer loses little: far less than other images differ.
      const distances = again.map((image) => distance(images[i]!, image));
      expect(distances[i]).toBeLessThan(12);
      expect(Math.min(...distances.filter((_, j) => j !== i))).toBeGreaterThan(2 * distances[i]!);
      expect(again[i]!.label).toBeUndefined();
    }
  });

  it('takes images and tokens in batches of any size', async () => {
    const rng = createRng(2);
    const images = Array.from({ length: 103 }, (_, i) => ({
      ...generator.imageSize,
      pixels: Uint8Array.from(rng.integers('pixels', i, 1024, 256)),
    }));
    const tokens = await generator.encode(images);
    expect(tokens).toHaveLength(103);
    expect(tokens.slice(98)).toEqual(await generator.encode(images.slice(98)));
    const { images: decoded } = await generator.decode(tokens);
    const { images: last } = await generator.decode(tokens.slice(98).map((all) => [...all]));
    expect(decoded).toHaveLength(103);
    last.forEach((image, i) => {
      expect(difference(image, decoded[98 + i]!)).toBeLessThanOrEqual(1);
    });
  });

  it('refuses images and tokens that are none of this model', async () => {
    const size = { height: 32, width: 32, channels: 1 };
    const grey = { ...size, pixels: new Uint8Array(1024) };
    const few = 'Image 1 has 1023 values for 32 × 32 × 1, where the model needs 32 × 32 × 1';
    await expect(generator.encode([])).rejects.toThrow('There are no images to encode');
    await expect(
      generator.encode([grey, { ...size, pixels: new Uint8Array(1023) }]),
    ).rejects.toThrow(few);
    await expect(generator.encode([{ ...grey, height: 16, width: 64 }])).rejects.toThrow(
      'Image 0 has 1024 values for 16 × 64 × 1, where the model needs 32 × 32 × 1',
    );
    const { vocabSize } = generator.tokenLayout;
    const tokens = new Array<number>(30).fill(0);
    await expect(generator.decode([])).rejects.toThrow('There are no tokens to decode');
    await expect(generator.decode([tokens, [1, 2]])).rejects.toThrow(
      'Image 1 has 2 tokens where the model makes images of 30: give as many.',
    );
    for (const wrong of [-1, 0.5, vocabSize, NaN]) {
      const sentence = `Image 0 has the token ${wrong}: give whole numbers from 0 to ${vocabSize - 1}.`;
      await expect(generator.decode([[wrong, ...tokens.slice(1)]])).rejects.toThrow(sentence);
    }
    // As a program in JavaScript may call it.
    const noImage = { pixels: grey.pixels } as unknown as ImagePixels;
    await expect(generator.encode([noImage])).rejects.toThrow(
      'Image 0 is not { height, width, channels, pixels }: give',
    );
    const signal = AbortSignal.abort();
    await expect(generator.encode([grey], { signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await expect(generator.decode([tokens], { signal })).rejects.toMatchObject({
      name: 'AbortError',
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
    [{ seed: 1, seeds: [2] }, 'A seed is of all images and seeds are of one each'],
    [{ seeds: [] }, 'The list of seeds is empty: name at least one.'],
    [{ seeds: [1, -2] }, 'A seed must be a whole number from 0 to 2^53 − 1, not -2.'],
    [{ seeds: [1, 2], count: 3 }, 'There are 2 seeds for 3 images: give one for each'],
  ])('refuses %p with a sentence', async (options, sentence) => {
    for (const drawer of [generator, generator.teacher]) {
      const drawn = drawer.generate(options);
      await expect(drawn).rejects.toThrow(InvalidOptionError);
      await expect(drawn).rejects.toThrow(sentence);
    }
  });

  it('refuses options that there are not, as a program in JavaScript may give them', async () => {
    const misspelt = (options: object, name: string): [Promise<unknown>, string][] => [
      [generator.generate(options), name],
      [generator.teacher.generate(options), name],
      [generator.interpolate(options), name],
      [new ImageBatcher(generator).image(options), name],
    ];
    const refused: readonly [Promise<unknown>, string][] = [
      ...misspelt({ sede: 3 }, 'There is no option "sede"'),
      [generator.generate({ cuont: 3 } as object), 'did you mean "count"?'],
      [generator.teacher.generate({ steps: 2 } as object), 'There is no option "steps"'],
      [
        ImageGenerator.fromPretrained('mnist-var', { thraeds: 1 } as object),
        'did you mean "threads"?',
      ],
      [
        ImageGenerator.fromPretrained(null as unknown as string),
        'A model is named by a text, that of a preset or a path, not by null.',
      ],
      [generator.generate(5 as unknown as object), 'Options are an object'],
    ];
    for (const [call, sentence] of refused) {
      await expect(call).rejects.toThrow(InvalidOptionError);
      await expect(call).rejects.toThrow(sentence);
    }
    const create = () => new ImageBatcher(generator, { waitngTime: 1 } as object);
    expect(create).toThrow('did you mean "waitingTime"?');
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
