import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchModel, BenchSide, StepMeasurement } from './bench-model';
import { initialParameters } from './engine-side';
import type { Python } from './find-python';
import { startPython } from './answering-process';

const SCRIPT = join(__dirname, '../python/train_steps.py');

/** Starts the same training step in eager PyTorch, from the same weights on the same batch. */
export async function pytorchSide(
  model: BenchModel,
  { python, threads }: { readonly python: Python; readonly threads: number },
): Promise<BenchSide> {
  const folder = mkdtempSync(join(tmpdir(), 'ar-distill-bench-'));
  writeModel(folder, model, threads);
  const process = await startPython(python, SCRIPT, [folder], threads);
  return {
    name: `PyTorch ${python.torch}`,
    step: async () => (await process.ask('step')) as StepMeasurement,
    peakMemory: async () => (await process.ask('memory')) as number,
    async close() {
      await process.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** `model.json` names the arrays that follow each other in `arrays.bin`. */
function writeModel(folder: string, model: BenchModel, threads: number): void {
  const groups = { parameters: initialParameters(model), batch: model.batch };
  const arrays = Object.entries(groups).flatMap(([group, values]) =>
    Object.entries(values).map(([name, value]) => ({ group, name, value })),
  );
  const { python, optimizer } = model;
  const manifest = {
    ...python,
    optimizer,
    threads,
    arrays: arrays.map(({ group, name, value: { shape, dtype } }) => ({
      group,
      name,
      shape,
      dtype,
    })),
  };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
  const bytes = arrays.map(({ value: { data } }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  writeFileSync(join(folder, 'arrays.bin'), Buffer.concat(bytes));
}
