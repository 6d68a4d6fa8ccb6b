import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeSafetensors } from '@ar-distill/checkpoints';
import { float32 } from '@ar-distill/program';
import { loadReferenceSet, referenceSet, saveReferenceSet } from './reference-set';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reference-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('reference set files', () => {
  it('come back in nearly full precision', async () => {
    const file = path.join(folder, 'reference.safetensors');
    const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3);
    const features = Float32Array.from({ length: 60 * 6 }, (_, i) => Math.sin(i * i));
    const reference = referenceSet(features, labels, 3);
    await saveReferenceSet(file, reference);
    const loaded = await loadReferenceSet(file);
    expect(loaded).toMatchObject({ count: 60, dimension: 6 });
    expect(loaded.features).toEqual(reference.features);
    for (const name of ['mean', 'covariance', 'withinClass'] as const) {
      expect(loaded[name]).toHaveLength(reference[name].length);
      loaded[name].forEach((value, i) =>
        expect(Math.abs(value - reference[name][i]!)).toBeLessThan(
          1e-13 * Math.abs(reference[name][i]!) + 1e-16,
        ),
      );
    }
  });

  it.each(['mean', 'covariance', 'features'] as const)(
    'are refused when their %s is not finite',
    async (name) => {
      const file = path.join(folder, `${name}.safetensors`);
      const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3);
      const features = Float32Array.from({ length: 60 * 6 }, (_, i) => Math.sin(i * i));
      const reference = referenceSet(features, labels, 3);
      reference[name][2] = NaN;
      await saveReferenceSet(file, reference);
      await expect(loadReferenceSet(file)).rejects.toThrow(
        `Element 2 of "${name}" in ${file} is NaN: write it again.`,
      );
    },
  );

  it('are refused when they hold something else', async () => {
    const file = path.join(folder, 'other.safetensors');
    const tensors = { weight: float32([2], Float32Array.of(1, 2)) };
    await writeSafetensors(file, tensors, {});
    await expect(loadReferenceSet(file)).rejects.toThrow(/does not say how many images/);
    await writeSafetensors(file, tensors, { count: '10' });
    await expect(loadReferenceSet(file)).rejects.toThrow(/no float32 array "mean/);
  });
});
