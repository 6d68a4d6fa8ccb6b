import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ImageGenerator } from 'ar-distill';

/** Milliseconds in which the engine's thread gives back what it has freed. */
const REST = 1000;

/** Draws so many images and drops them; returns the resident memory of the process then, in bytes. */
async function memoryAfter(generator: ImageGenerator, count: number): Promise<number> {
  let drawn = 0;
  for await (const batch of generator.batches({ count, seed: count })) drawn += batch.length;
  if (drawn !== count) throw new Error(`${drawn} images were drawn instead of ${count}.`);
  await setTimeout(REST);
  return process.memoryUsage().rss;
}

/** Prints the resident memory after 1,000 images, and after 10,000 in all, as JSON. */
async function main(): Promise<void> {
  const project = resolve(__dirname, '../..');
  const generator = await ImageGenerator.fromPretrained('mnist-var', { project });
  const first = await memoryAfter(generator, 1000);
  const last = await memoryAfter(generator, 9000);
  process.stdout.write(JSON.stringify([first, last]));
  await generator.dispose();
}

void main();
