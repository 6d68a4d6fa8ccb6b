import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { float32 } from '@ar-distill/program';
import { decodeNpy, encodeNpy } from './npy';
import { readImagesNpz, readNpz, writeImagesNpz, writeNpz } from './npz';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'npz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('npy', () => {
  it.each([
    { shape: [2, 3], data: Uint8Array.of(0, 1, 2, 3, 254, 255) },
    { shape: [3], data: Int32Array.of(-5, 0, 2 ** 31 - 1) },
    { shape: [], data: Float32Array.of(0.5) },
    { shape: [0, 4], data: new Uint8Array(0) },
  ])('reads back what it wrote: $shape', (array) => {
    const bytes = encodeNpy(array);
    expect((bytes.length - array.data.byteLength) % 64).toBe(0);
    expect(decodeNpy(bytes, 'test')).toEqual(array);
  });

  it('refuses what it cannot read', () => {
    const valid = encodeNpy({ shape: [2], data: Uint8Array.of(1, 2) });
    const edited = (from: string, to: string) =>
      new Uint8Array(
        Buffer.from(Buffer.from(valid).toString('latin1').replace(from, to), 'latin1'),
      );
    expect(() => decodeNpy(Uint8Array.of(1, 2, 3), 'x.npy')).toThrow('x.npy is not a numpy array.');
    expect(() => decodeNpy(valid.subarray(0, -1), 'x.npy')).toThrow(/does not hold the 2 values/);
    expect(() => decodeNpy(edited('|u1', '<c8'), 'x.npy')).toThrow(/type <c8; save it as/);
    expect(() => decodeNpy(edited('False', 'True '), 'x.npy')).toThrow(/ascontiguousarray/);
    expect(() => decodeNpy(edited('descr', 'dtype'), 'x.npy')).toThrow(/header of x.npy/);
    expect(() => encodeNpy({ shape: [3], data: Uint8Array.of(1) })).toThrow(/cannot fill/);
  });
});

describe('npz', () => {
  const images = float32([2, 1, 2, 1], Float32Array.of(-1, 1, 0, 0.5));
  const labels = Int32Array.of(7, 3);

  it('keeps images as bytes and labels as they are', async () => {
    const file = path.join(folder, 'images.npz');
    await writeImagesNpz(file, images, labels);
    const arrays = await readNpz(file);
    expect(arrays['images']).toEqual({
      shape: [2, 1, 2, 1],
      data: Uint8Array.of(0, 255, 128, 191),
    });
    const back = await readImagesNpz(file);
    expect(back.labels).toEqual(labels);
    back.images.data.forEach((value, i) =>
      expect(Math.abs(value - images.data[i]!)).toBeLessThan(1 / 255 + 1e-6),
    );
  });

  it('refuses two arrays of one name', async () => {
    const file = path.join(folder, 'twice.npz');
    const array = { shape: [1, 1, 1, 1], data: Uint8Array.of(0) };
    await writeNpz(file, { images: array, imagez: array });
    const bytes = readFileSync(file).toString('latin1').replaceAll('imagez', 'images');
    writeFileSync(file, bytes, 'latin1');
    await expect(readNpz(file)).rejects.toThrow(`${file} has two arrays images.npy`);
  });

  it('writes equal files for equal arrays', async () => {
    const [a, b] = [path.join(folder, 'a.npz'), path.join(folder, 'b.npz')];
    await writeImagesNpz(a, images, labels);
    await writeImagesNpz(b, images, labels);
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
  });

  it("reads the names of ADM's evaluator, and images without labels", async () => {
    const file = path.join(folder, 'adm.npz');
    await writeNpz(file, { arr_0: { shape: [1, 1, 1, 1], data: Uint8Array.of(255) } });
    const back = await readImagesNpz(file);
    expect([...back.images.data]).toEqual([1]);
    expect(back.labels).toBeUndefined();
  });

  it('says what is wrong with a file', async () => {
    const file = path.join(folder, 'broken.npz');
    writeFileSync(file, 'no zip file');
    await expect(readNpz(file)).rejects.toThrow(/broken.npz is not an .npz file/);
    await writeNpz(file, { other: { shape: [1], data: Uint8Array.of(1) } });
    await expect(readImagesNpz(file)).rejects.toThrow(/holds no array "images"/);
    const data = Uint8Array.of(1, 2);
    await writeNpz(file, {
      images: { shape: [2, 1, 1, 1], data },
      labels: { shape: [1], data: data.subarray(1) },
    });
    await expect(readImagesNpz(file)).rejects.toThrow(/2 images but 1 labels/);
    await expect(writeImagesNpz(file, images, labels.subarray(1))).rejects.toThrow(
      '2 images cannot have 1 labels.',
    );
    await expect(writeImagesNpz(file, float32([2], new Float32Array(2)), labels)).rejects.toThrow(
      /float32 \[N, H, W, C\]/,
    );
  });

  it('refuses small files whose arrays would take a lot of memory, alone or together', async () => {
    const file = path.join(folder, 'bomb.npz');
    const array = { shape: [1, 1, 1, 1], data: Uint8Array.of(9) };
    await writeNpz(file, { images: array, labels: array });
    /** Writes the sizes that the archive's directory claims. */
    const claim = (...mebibytes: number[]): void => {
      const bytes = readFileSync(file);
      let entry = 0;
      for (const size of mebibytes) {
        entry = bytes.indexOf('PK\x01\x02', entry + 1, 'latin1');
        bytes.writeUInt32LE(size * 2 ** 20, entry + 24);
      }
      writeFileSync(file, bytes);
    };
    claim(40, 0);
    await expect(readImagesNpz(file)).rejects.toThrow(/bomb.npz would unfold to 41943040: write/);
    claim(20, 20);
    await expect(readImagesNpz(file)).rejects.toThrow(/would unfold to 41943040/);
  });

  const python = ['/usr/bin/python3', 'python3'].find(
    (program) => spawnSync(program, ['-c', 'import numpy']).status === 0,
  );
  (python ? it : it.skip)('exchanges files with numpy', async () => {
    const file = path.join(folder, 'numpy.npz');
    await writeImagesNpz(file, images, labels);
    const script = [
      'import numpy, sys',
      'a = numpy.load(sys.argv[1])',
      'print(a["images"].dtype, a["images"].shape, a["images"].ravel().tolist())',
      'print(a["labels"].dtype, a["labels"].tolist())',
      'numpy.savez_compressed(sys.argv[2], images=a["images"], labels=a["labels"].astype("int64"), f=numpy.array([[0.5, 2.0]]))',
    ].join('\n');
    const target = path.join(folder, 'from-numpy.npz');
    const printed = execFileSync(python!, ['-c', script, file, target], { encoding: 'utf8' });
    expect(printed).toBe('uint8 (2, 1, 2, 1) [0, 255, 128, 191]\nint32 [7, 3]\n');
    expect((await readImagesNpz(target)).labels).toEqual(labels);
    expect((await readNpz(target))['f']).toEqual({ shape: [1, 2], data: Float32Array.of(0.5, 2) });
  });
});
