import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { BenchModel, BenchSide, StepMeasurement } from './bench-model';
import { initialParameters } from './compiled-side';
import type { Python } from './find-python';

const SCRIPT = join(__dirname, '../python/train_steps.py');

/** Starts the same training step in eager PyTorch, from the same weights on the same batch. */
export async function pytorchSide(
  model: BenchModel,
  { python, threads }: { readonly python: Python; readonly threads: number },
): Promise<BenchSide> {
  const folder = mkdtempSync(join(tmpdir(), 'ar-distill-bench-'));
  writeModel(folder, model, threads);
  const child = spawn(python.command, [SCRIPT, folder], {
    env: environment(threads),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`PyTorch's process ended with code ${code}.`)));
  });
  failed.catch(() => undefined);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value } = await Promise.race([answers.next(), failed]);
    return JSON.parse(value ?? 'null');
  };
  await next();
  return {
    name: `PyTorch ${python.torch}`,
    async step() {
      child.stdin.write('step\n');
      return (await next()) as StepMeasurement;
    },
    async peakMemory() {
      child.stdin.write('memory\n');
      return (await next()) as number;
    },
    async close() {
      const exited = failed.catch(() => undefined);
      child.stdin.end();
      await exited;
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

function environment(threads: number): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {
    ...process.env,
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
  };
  // They choose other kernels than OpenBLAS would for this processor.
  delete variables['OPENBLAS_CORETYPE'];
  delete variables['OPENBLAS_L2_SIZE'];
  return variables;
}
