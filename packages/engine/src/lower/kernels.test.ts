import * as tf from '@tensorflow/tfjs';
import { KERNELS } from '../ir/kernels';
import { REWRITES } from '../trace/rewrites';
import { KERNEL_CASES } from '../../test-support/cases';
import { compareWithCpu, type KernelCase } from '../../test-support/compare-with-cpu';

tf.enableProdMode();

const NODES: ReadonlySet<string> = new Set(KERNELS);

describe.each(Object.entries<readonly KernelCase[]>(KERNEL_CASES))('%s', (kernel, cases) => {
  test.each(cases.map((entry) => [entry.name, entry] as const))(
    'equals the tfjs cpu backend: %s',
    async (_, entry) => {
      const { error, worst } = await compareWithCpu(entry);
      expect(error > 1e-5 ? worst : '').toBe('');
    },
  );

  if (NODES.has(kernel)) {
    test('is the kernel that its first case compiles to', async () => {
      const { kernels } = await compareWithCpu(cases[0]!);
      expect([...kernels]).toContain(kernel);
    });
  }
});

test('every kernel that compiles has cases', () => {
  const compiled = new Set([...KERNELS, ...Object.keys(REWRITES)]);
  expect(Object.keys(KERNEL_CASES).sort()).toEqual([...compiled].sort());
});
