import { resolve } from 'node:path';
import { ImageGenerator } from 'ar-distill';
import { PNG } from 'pngjs';
import { type Service, startService } from '../../examples/http-server/src/service';

const PROJECT = resolve(__dirname, '../..');
const PLACE = { port: 0, hostname: '127.0.0.1' };
const COUNT = 100;
/** One program for all tests. */
const BATCH = 25;

let generator: ImageGenerator;
let service: Service;
let drawn: jest.SpyInstance;

beforeAll(async () => {
  generator = await ImageGenerator.fromPretrained('mnist-var', { project: PROJECT, threads: 1 });
});
afterAll(() => generator.dispose());
beforeEach(() => {
  drawn = jest.spyOn(generator, 'generate');
});
afterEach(async () => {
  drawn.mockRestore();
  await service.stop();
});

const ask = (path: string, signal?: AbortSignal) =>
  fetch(`http://127.0.0.1:${service.port}${path}`, signal ? { signal } : {});

/** The pixels of a grey PNG. */
async function pixelsOf(response: Response): Promise<Uint8Array> {
  const { data, width, height } = PNG.sync.read(Buffer.from(await response.arrayBuffer()));
  return Uint8Array.from({ length: width * height }, (_, i) => data[4 * i]!);
}

it('answers a hundred requests at once in a few network evaluations, each with its own image', async () => {
  service = await startService(generator, PLACE, { largestBatch: BATCH, waitingTime: 200 });
  const requests = Array.from({ length: COUNT }, (_, i) => ({ label: i % 10, seed: 1000 + i }));
  const answers = await Promise.all(
    requests.map(({ label, seed }) => ask(`/images/${label}?seed=${seed}`)),
  );
  expect(answers.map(({ status }) => status)).toEqual(new Array<number>(COUNT).fill(200));
  expect(answers[0]!.headers.get('content-type')).toBe('image/png');
  expect(drawn.mock.calls.length).toBeLessThan(COUNT / 4);
  const images = await Promise.all(answers.map(pixelsOf));
  for (const [i, { label, seed }] of requests.entries()) {
    const { images: alone } = await generator.generate({ classes: [label], seed });
    // The order of sums in a product may depend on the batch: a rounding step at most.
    const most = images[i]!.reduce(
      (largest, value, j) => Math.max(largest, Math.abs(value - alone[0]!.pixels[j]!)),
      0,
    );
    expect(most).toBeLessThanOrEqual(1);
  }
});

it.each([
  ['/images/10', 400, 'There is no class 10: give classes from 0 to 9.'],
  ['/images/seven', 400, 'There is no class NaN'],
  ['/images/7?seed=-1', 400, 'A seed must be a whole number'],
  ['/images', 404, undefined],
])('answers %s with %i', async (path, status, sentence) => {
  service = await startService(generator, PLACE);
  const answer = await ask(path);
  expect(answer.status).toBe(status);
  if (sentence !== undefined) {
    expect(await answer.json()).toEqual({ error: expect.stringContaining(sentence) });
  }
  expect(drawn).not.toHaveBeenCalled();
});

it('answers 503 when too many wait, and loses none of the others', async () => {
  service = await startService(generator, PLACE, { largestBatch: 1, longestQueue: 5 });
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, seed) => ask(`/images/3?seed=${seed}`)),
  );
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]!.headers.get('retry-after')).toBe('1');
  expect(answers.filter(({ status }) => status === 200).length).toBe(40 - refused.length);
  expect(drawn.mock.calls.length).toBe(40 - refused.length);
});

it('draws nothing for a client that has hung up', async () => {
  service = await startService(generator, PLACE, { waitingTime: 1000 });
  const controller = new AbortController();
  const staying = ask('/images/1?seed=1');
  const leaving = ask('/images/2?seed=2', controller.signal);
  await new Promise((resolve) => setTimeout(resolve, 300));
  controller.abort();
  await expect(leaving).rejects.toMatchObject({ name: 'AbortError' });
  expect((await staying).status).toBe(200);
  expect(drawn.mock.calls).toEqual([[{ seeds: [1], classes: [1] }]]);
});

it('answers what it has taken before it stops', async () => {
  service = await startService(generator, PLACE, { largestBatch: BATCH, waitingTime: 1500 });
  const taken = Array.from({ length: BATCH - 1 }, (_, seed) => ask(`/images/5?seed=${seed}`));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const stopped = service.stop();
  const answers = await Promise.all(taken);
  await stopped;
  expect(answers.map(({ status }) => status)).toEqual(new Array<number>(BATCH - 1).fill(200));
  await expect(ask('/images/5')).rejects.toThrow();
  service = await startService(generator, PLACE);
});
