import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeSafetensors } from '@ar-distill/checkpoints';
import { float32, int32 } from '@ar-distill/program';
import { loadModel, type ModelFile, saveModel } from './model-file';

const MODEL: ModelFile = {
  kind: 'teacher',
  plugin: 'var',
  preset: 'mnist-var',
  architecture: { width: 8, patchNums: [1, 2] },
  tensors: {
    weight: float32([2, 2], Float32Array.of(1, -0.5, 1e-3, 4)),
    tokens: int32([1], Int32Array.of(70000)),
  },
  provenance: { seed: 3, loss: 0.25, data: 'MNIST' },
};

describe('model files', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'models-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('come back as they were saved', async () => {
    const file = path.join(folder, 'teacher.safetensors');
    await saveModel(file, MODEL);
    expect(await loadModel(file, 'teacher')).toEqual(MODEL);
    expect(await loadModel(file)).toEqual(MODEL);
  });

  it('take half the space in half precision', async () => {
    const weight = float32([50_000], Float32Array.from({ length: 50_000 }, (_, i) => i / 3000));
    const [full, half] = [path.join(folder, 'full'), path.join(folder, 'half')];
    await saveModel(full, { ...MODEL, tensors: { weight } });
    await saveModel(half, { ...MODEL, tensors: { weight } }, { halfPrecision: true });
    expect(statSync(half).size).toBeLessThan(0.51 * statSync(full).size);
    const { tensors } = await loadModel(half, 'teacher');
    tensors['weight']!.data.forEach((value, i) => {
      expect(Math.abs(value - weight.data[i]!)).toBeLessThanOrEqual(value * 2 ** -11 + 2 ** -25);
    });
  });

  it('are refused when they are something else', async () => {
    const file = path.join(folder, 'weights.safetensors');
    await saveModel(file, MODEL);
    await expect(loadModel(file, 'tokenizer')).rejects.toThrow(
      /holds a teacher where a tokenizer is needed/,
    );
    await writeSafetensors(file, MODEL.tensors, { format: 'pt' });
    await expect(loadModel(file)).rejects.toThrow(/holds no AR-Distill model/);
    const metadata = { kind: 'teacher', plugin: 'var', preset: 'x', architecture: '{"width":' };
    await writeSafetensors(file, MODEL.tensors, metadata);
    await expect(loadModel(file)).rejects.toThrow(/does not state its architecture/);
  });
});
