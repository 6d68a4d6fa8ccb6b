import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@ar-distill/checkpoints';
import { createContainer } from '@ar-distill/di';
import type { HostTensors } from '@ar-distill/program';
import { distill, type DistillOptions } from '@ar-distill/workflows';
import { ROOT } from '@ar-distill/workspace';

/** The generator that a distillation on that engine backend ends with. */
export async function distilOn(backend: string, options: DistillOptions): Promise<HostTensors> {
  const out = mkdtempSync(path.join(tmpdir(), 'ar-distill-on-'));
  const container = createContainer({
    cwd: out,
    pluginFolders: [ROOT],
    engine: { backend, threads: 2 },
  });
  try {
    const { weights } = await distill(container, { report: false, ...options, out });
    return (await readSafetensors(weights)).tensors;
  } finally {
    await container.dispose();
    rmSync(out, { recursive: true, force: true });
  }
}

/**
 * Of all tensors the one that differs most: ‖Δ‖ / ‖expected‖. A norm, because Adam makes a whole step of
 * a gradient that is rounding alone, in an element here and there.
 */
export function worstTensor(
  actual: Readonly<HostTensors>,
  expected: Readonly<HostTensors>,
): { readonly name: string; readonly error: number } {
  const errors = Object.entries(expected).map(([name, { data }]) => {
    const found = actual[name]?.data;
    const apart = norm(Float64Array.from(data, (value, i) => value - (found?.[i] ?? NaN)));
    return { name, error: apart / (norm(data) || 1) };
  });
  return errors.reduce((a, b) => (b.error <= a.error ? a : b));
}

function norm(values: Float32Array | Int32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
