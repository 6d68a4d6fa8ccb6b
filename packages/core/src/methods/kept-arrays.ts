import type { HostTensors } from '@ar-distill/program';
import type { RunStore } from '../ports/run-store';
import { firstNonFinite } from '../sampling/finite';

/** The arrays that a run holds under the name; made and kept there when it holds none. */
export async function keptArrays(
  run: RunStore,
  name: string,
  make: () => Promise<HostTensors>,
): Promise<HostTensors> {
  const kept = await loadKept(run, name);
  if (kept) return kept;
  const made = await make();
  await run.saveArrays(name, made);
  return made;
}

/**
 * The arrays that a run holds under the name; undefined when it holds none.
 * @throws Error naming the array that is not finite: nothing good can be trained from it.
 */
export async function loadKept(
  run: Pick<RunStore, 'loadArrays'>,
  name: string,
): Promise<HostTensors | undefined> {
  const kept = await run.loadArrays(name);
  for (const [key, { data }] of Object.entries(kept ?? {})) {
    const index = firstNonFinite(data);
    if (index < 0) continue;
    throw new Error(
      `Element ${index} of "${key}" is ${data[index]} in the arrays "${name}" of the run: start a new run.`,
    );
  }
  return kept;
}
