import * as tf from '@tensorflow/tfjs';
import { KERNEL_CASES } from '../../test-support/cases';
import { compareEagerly, type KernelCase } from '../../test-support/compare-with-cpu';
import { loadBackend } from './tfjs-backends';

/** What the scripts of tfjs-node 4.22 refuse (docs/tensorflow.md). */
const REFUSED: Readonly<Record<string, string>> = {
  'Conv2D: 6×6 by 3×3, stride 1, 2': "only 'valid' and 'same' padding",
  'GatherV2: along -1': 'not in [0, NaN]',
};

beforeAll(() => {
  tf.enableProdMode();
  loadBackend('tensorflow');
});

/** The case without the type of its results: a quotient of floats stays a float in TensorFlow. */
function typed(kernel: string, entry: KernelCase): KernelCase {
  if (kernel !== 'FloorDiv') return entry;
  const { compute } = entry;
  return { ...entry, compute: (...x) => [compute(...x)].flat().map((y) => y.toInt()) };
}

describe.each(Object.entries<readonly KernelCase[]>(KERNEL_CASES))('%s', (kernel, cases) => {
  test.each(cases.map((entry) => [entry.name, entry] as const))(
    'of TensorFlow equals that of the tfjs cpu backend: %s',
    async (name, entry) => {
      const compared = compareEagerly(typed(kernel, entry), 'tensorflow');
      const refusal = REFUSED[`${kernel}: ${name}`];
      if (refusal !== undefined) {
        await expect(compared).rejects.toThrow(refusal);
        return;
      }
      const { error, worst } = await compared;
      expect(error > 1e-5 ? worst : '').toBe('');
    },
  );
});
