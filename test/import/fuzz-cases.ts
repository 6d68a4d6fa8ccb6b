import { KINDS } from '../../tools/fuzz/src/kinds';
import { Laboratory } from '../../tools/fuzz/src/laboratory';

/** Nothing that a small file holds takes longer; of processor time, so that a busy machine changes little. */
const CASE_MILLISECONDS = 20_000;
const MEMORY_BYTES = 2 ** 30;

/**
 * Imports mutated and forged checkpoints, `casesPerKind` of every kind: each is refused with one
 * sentence or accepted, runs nothing, takes no memory and leaves nothing behind.
 */
export async function expectHarmlessImports(casesPerKind: number, seed: number): Promise<void> {
  const laboratory = await Laboratory.open();
  try {
    const before = process.memoryUsage().rss;
    const refused = new Set<string>();
    for (let number = 0; number < casesPerKind * KINDS.length; number++) {
      const result = await laboratory.run(seed, number);
      const { kind, outcome, message } = result;
      if (outcome !== 'accepted' && outcome !== 'refused') {
        throw new Error(`case ${number} (${kind}, ${result.seed}): ${outcome}: ${message}`);
      }
      expect(result.milliseconds).toBeLessThan(CASE_MILLISECONDS);
      if (outcome === 'refused') refused.add(kind);
    }
    expect([...refused].sort()).toEqual([...KINDS].sort());
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY_BYTES);
  } finally {
    await laboratory.close();
  }
}
