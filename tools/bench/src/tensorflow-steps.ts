// The process of the bench's TensorFlow side: tensorflow-steps.ts MODEL THREADS. Every line that it reads
// ("step", "memory") is answered with a line of JSON; the first line is the name of the backend, or null where
// there is none.
import { createInterface } from 'node:readline';
import { describeBackends } from '@ar-distill/engine';
import { engineSide } from './engine-side';
import { MODELS } from './models';

async function main([name = '', threads = '1']: readonly string[]): Promise<void> {
  const model = MODELS[name];
  if (!model) throw new Error(`There is no model "${name}".`);
  const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const backends = await describeBackends();
  const found = backends.find((each) => each.name === 'tensorflow' && each.available);
  if (!found) return answer(null);
  const side = await engineSide(model(), { backend: 'tensorflow', threads: Number(threads) });
  answer(/^TensorFlow \S+/.exec(found.detail)?.[0] ?? found.name);
  for await (const question of createInterface(process.stdin)) {
    answer(question === 'step' ? await side.step() : await side.peakMemory());
  }
  await side.close();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
