import { Laboratory } from '../../tools/fuzz/src/laboratory';
import { KINDS } from '../../tools/fuzz/src/kinds';

/** Cases of every kind; `tools/fuzz` runs thousands. */
const CASES_PER_KIND = 10;
/** Nothing that a small file holds takes longer, even on a busy machine. */
const CASE_MILLISECONDS = 20_000;
const MEMORY_BYTES = 2 ** 30;
const TEST_MILLISECONDS = 300_000;

describe('mutated and forged checkpoints', () => {
  let laboratory: Laboratory;
  beforeAll(async () => {
    laboratory = await Laboratory.open();
  });
  afterAll(() => laboratory.close());

  it(
    'are refused with one sentence, run nothing, take no memory and leave nothing behind',
    async () => {
      const before = process.memoryUsage().rss;
      const refused = new Set<string>();
      for (let number = 0; number < CASES_PER_KIND * KINDS.length; number++) {
        const result = await laboratory.run(7, number);
        const { kind, seed, outcome, message } = result;
        if (outcome !== 'accepted' && outcome !== 'refused') {
          throw new Error(`case ${number} (${kind}, ${seed}): ${outcome}: ${message}`);
        }
        expect(result.milliseconds).toBeLessThan(CASE_MILLISECONDS);
        if (outcome === 'refused') refused.add(kind);
      }
      expect([...refused].sort()).toEqual([...KINDS].sort());
      expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY_BYTES);
    },
    TEST_MILLISECONDS,
  );
});
