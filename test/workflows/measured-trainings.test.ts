import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createContainer } from '@ar-distill/di';
import { trainFeatures, trainTokenizer, type WorkflowEvent } from '@ar-distill/workflows';

const container = createContainer({
  cwd: tmpdir(),
  pluginFolders: [path.join(__dirname, '../..')],
  engine: { worker: false, threads: 1 },
});
const out = mkdtempSync(path.join(tmpdir(), 'ar-distill-measured-'));
afterAll(async () => {
  await container.dispose();
  rmSync(out, { recursive: true });
});

/** Stages that the workflow went through, with how much each had to do. */
function watching() {
  const totals = new Map<string, number>();
  const onEvent = (event: WorkflowEvent): void => {
    if (event.kind === 'progress') totals.set(event.stage, event.total);
  };
  return { totals, onEvent };
}

const SHORT = { iterations: 1, batchSize: 2, out };

it('measures a tokenizer with as many test images as are asked for', async () => {
  const watched = watching();
  const options = { preset: 'mnist-var', ...SHORT };
  const { measured } = await trainTokenizer(container, { ...options, samples: 30 }, watched);
  expect(Object.keys(measured)).toEqual(
    expect.arrayContaining(['meanSquaredError', 'reconstruction.frechet-distance']),
  );
  expect(watched.totals.get('reconstruct')).toBe(30);
}, 300_000);

it('measures a feature network with as many test images as are asked for, or not at all', async () => {
  const { measured } = await trainFeatures(container, { ...SHORT, samples: 7 });
  // A share of seven images.
  expect(7 * measured['testAccuracy']!).toBeCloseTo(Math.round(7 * measured['testAccuracy']!), 9);
  const { measured: nothing } = await trainFeatures(container, { ...SHORT, report: false });
  expect(nothing).toEqual({});
}, 300_000);

it('measuring a feature network stops where it is, and is done when the run is resumed', async () => {
  const controller = new AbortController();
  const done: number[] = [];
  const stopping = {
    signal: controller.signal,
    onEvent: (event: WorkflowEvent): void => {
      if (event.kind !== 'progress' || event.stage !== 'features of mnist-classifier') return;
      done.push(event.done);
      controller.abort();
    },
  };
  const place = path.join(out, 'stopped');
  const stopped = trainFeatures(container, { ...SHORT, out: place, samples: 1500 }, stopping);
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(done).toEqual([1000]);
  const resume = path.join(place, '00000-features-mnist-classifier');
  expect(readdirSync(resume)).not.toContain('reference.safetensors');
  await trainFeatures(container, { resume, samples: 20 });
  expect(readdirSync(resume)).toContain('reference.safetensors');
}, 300_000);
