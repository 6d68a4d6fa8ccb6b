import { GeneratedImage, GeneratedImages } from './generated-image';
import { type BatcherOptions, ImageBatcher } from './image-batcher';
import type { GenerateOptions } from './image-drawer';

/** Draws images of one pixel, whose value is the class and whose label the seed, when it is told to. */
class SlowDrawer {
  readonly numClasses = 10;
  readonly largestBatch = 64;
  readonly calls: GenerateOptions[] = [];
  private readonly ends: (() => void)[] = [];

  constructor(private readonly isSlow = false) {}

  check({ classes = [] }: Pick<GenerateOptions, 'classes'>): void {
    if (classes.some((label) => label >= 10)) throw new Error('There is no such class.');
  }

  async generate(options: GenerateOptions): Promise<GeneratedImages> {
    this.calls.push(options);
    if (this.isSlow) await new Promise<void>((end) => this.ends.push(end));
    const { classes = [], seeds = [] } = options;
    if (seeds.includes(13)) throw new Error('The engine is out of order.');
    return new GeneratedImages(
      seeds.map(
        (seed, i) => new GeneratedImage(1, 1, 1, seed, Float32Array.of(classes[i]! / 127.5 - 1)),
      ),
    );
  }

  /** Ends the oldest call that has not ended. */
  end(): void {
    this.ends.shift()!();
  }

  get sizes(): number[] {
    return this.calls.map(({ seeds }) => seeds!.length);
  }
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

function batcherOf(drawer: SlowDrawer, options: BatcherOptions = {}): ImageBatcher {
  return new ImageBatcher(drawer, { waitingTime: 1, ...options });
}

it('draws a hundred requests in a few calls, and gives everybody their own image', async () => {
  const drawer = new SlowDrawer();
  const batcher = batcherOf(drawer, { largestBatch: 16 });
  const seeds = Array.from({ length: 100 }, (_, i) => 100 + i);
  const images = await Promise.all(seeds.map((seed) => batcher.image({ class: seed % 10, seed })));
  expect(images.map(({ label, pixels }) => [label, pixels[0]])).toEqual(
    seeds.map((seed) => [seed, seed % 10]),
  );
  expect(drawer.sizes).toEqual([16, 16, 16, 16, 16, 16, 4]);
});

it('waits a little for others, and fills batches up to powers of two', async () => {
  const drawer = new SlowDrawer();
  const batcher = batcherOf(drawer, { waitingTime: 10 });
  const early = batcher.image({ seed: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1));
  const late = [batcher.image({ class: 2, seed: 2 }), batcher.image({ class: 3, seed: 3 })];
  await Promise.all([early, ...late]);
  expect(drawer.calls).toEqual([{ classes: [0, 2, 3, 0], seeds: [1, 2, 3, 1] }]);
  const few = batcherOf(drawer, { largestBatch: 3 });
  await Promise.all([1, 2, 3].map((seed) => few.image({ seed })));
  expect(drawer.sizes).toEqual([4, 3]);
});

it('drops a request that is taken back before it is drawn', async () => {
  const drawer = new SlowDrawer(true);
  const batcher = batcherOf(drawer);
  const first = batcher.image({ seed: 1 });
  await soon();
  const controller = new AbortController();
  const { signal } = controller;
  const dropped = batcher.image({ seed: 2, signal });
  const last = batcher.image({ seed: 3 });
  controller.abort();
  await expect(dropped).rejects.toMatchObject({ name: 'AbortError' });
  await expect(batcher.image({ seed: 4, signal })).rejects.toMatchObject({ name: 'AbortError' });
  drawer.end();
  expect((await first).label).toBe(1);
  await soon();
  drawer.end();
  expect((await last).label).toBe(3);
  expect(drawer.calls.map(({ seeds }) => seeds)).toEqual([[1], [3]]);
});

it('lets a caller go whose image is being drawn', async () => {
  const drawer = new SlowDrawer(true);
  const batcher = batcherOf(drawer);
  const controller = new AbortController();
  const leaving = batcher.image({ seed: 1, signal: controller.signal });
  const staying = batcher.image({ seed: 2 });
  await soon();
  controller.abort();
  await expect(leaving).rejects.toMatchObject({ name: 'AbortError' });
  drawer.end();
  expect((await staying).label).toBe(2);
});

it('refuses what would wait behind too many', async () => {
  const drawer = new SlowDrawer(true);
  const batcher = batcherOf(drawer, { longestQueue: 2, largestBatch: 1 });
  const taken = [1, 2, 3].map((seed) => batcher.image({ seed }));
  const refused = batcher.image({ seed: 4 });
  await expect(refused).rejects.toMatchObject({
    name: 'UnavailableError',
    message: '2 requests wait for images already: try again later.',
  });
  for (let i = 0; i < 3; i++) {
    drawer.end();
    await soon();
  }
  expect((await Promise.all(taken)).map(({ label }) => label)).toEqual([1, 2, 3]);
});

it('ends when all that it took have been drawn, and takes no more', async () => {
  const drawer = new SlowDrawer(true);
  const batcher = batcherOf(drawer, { largestBatch: 1, waitingTime: 1000 });
  const taken = [1, 2].map((seed) => batcher.image({ seed }));
  await soon();
  let isClosed = false;
  const closing = batcher.close().then(() => (isClosed = true));
  await expect(batcher.image({ seed: 3 })).rejects.toMatchObject({ name: 'UnavailableError' });
  drawer.end();
  await soon();
  expect(isClosed).toBe(false);
  drawer.end();
  await closing;
  expect((await Promise.all(taken)).map(({ label }) => label)).toEqual([1, 2]);
});

it('does not wait any longer for others once it is closed', async () => {
  const drawer = new SlowDrawer();
  const batcher = batcherOf(drawer, { waitingTime: 60_000 });
  const taken = batcher.image({ seed: 1 });
  await soon();
  await batcher.close();
  expect((await taken).label).toBe(1);
});

it('tells the callers of a batch that fails, and draws the next one', async () => {
  const drawer = new SlowDrawer();
  const batcher = batcherOf(drawer, { largestBatch: 2 });
  const ended = await Promise.allSettled([13, 1, 2, 3].map((seed) => batcher.image({ seed })));
  expect(ended.map(({ status }) => status)).toEqual([
    'rejected',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
});

it('refuses a request that no batch could have', async () => {
  const drawer = new SlowDrawer();
  const batcher = batcherOf(drawer);
  const [good, bad] = await Promise.allSettled([
    batcher.image({ seed: 1 }),
    batcher.image({ class: 10 }),
  ]);
  expect([good.status, bad.status]).toEqual(['fulfilled', 'rejected']);
  expect(drawer.sizes).toEqual([1]);
});

it.each([
  [{ largestBatch: 0 }, '"largestBatch" must be a whole number from 1 to 64, not 0.'],
  [{ largestBatch: 65 }, 'from 1 to 64, not 65.'],
  [{ waitingTime: -1 }, '"waitingTime" must be a whole number from 0 to 60000, not -1.'],
  [{ longestQueue: 0.5 }, '"longestQueue" must be'],
])('refuses %j', (options, sentence) => {
  expect(() => batcherOf(new SlowDrawer(), options)).toThrow(sentence);
});
