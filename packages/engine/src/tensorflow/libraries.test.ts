import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8 } from 'fflate';
import { MADE_UP, writeWheel } from '../../test-support/wheels';
import { copyCuda, copyTensorflow, cudaRequirements } from './libraries';
import { openWheel } from './open-wheel';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ar-distill-libraries-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('copies the libraries and the headers of the C interface, no more', async () => {
  const wheel = await openWheel(writeWheel(folder), { distribution: 'tensorflow-cpu' });
  const [libraries, headers, licences] = ['lib', 'include', 'licences'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await copyTensorflow(wheel, { libraries, headers, licences });
  wheel.close();
  expect(readFileSync(join(libraries, 'libtensorflow_cc.so.2'), 'utf8')).toBe('the library');
  expect(readFileSync(join(headers, 'tensorflow/c/c_api.h'), 'utf8')).toBe('// headers');
  expect(existsSync(join(headers, 'tensorflow/core'))).toBe(false);
});

it('says of a wheel whose compressed bytes are damaged that it is', async () => {
  const library = 'tensorflow/libtensorflow_cc.so.2';
  // Random enough to be stored in several pieces, regular enough to be compressed.
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) % 251);
  const path = writeWheel(folder, { ...MADE_UP, files: { ...MADE_UP.files, [library]: bytes } });
  const whole = readFileSync(path);
  const folders = { libraries: join(folder, 'l'), headers: join(folder, 'h'), licences: folder };
  for (const place of [100, 200, 400, 800]) {
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, place, place + 60);
    writeFileSync(path, damaged);
    const wheel = await openWheel(path, { distribution: 'tensorflow-cpu' });
    await expect(copyTensorflow(wheel, folders)).rejects.toThrow(
      `The checksum of ${library} in ${path} is wrong: the wheel is damaged, download it again.`,
    );
    wheel.close();
  }
});

it("reads which wheels of CUDA's libraries belong to it", async () => {
  const path = writeWheel(folder, {
    ...MADE_UP,
    requirements: [
      'numpy>=1.26.0',
      'nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
      "nvidia-cudnn-cu12 (>=9.3.0.75) ; extra == 'and-cuda'",
      'nvidia-cuda-nvcc-cu12>=12.5; extra == "and-cuda"',
      'nvidia-nccl-cu12==2.25.1; extra == "other"',
    ],
  });
  const wheel = await openWheel(path, { distribution: 'tensorflow' });
  wheel.close();
  expect(cudaRequirements(wheel)).toEqual([
    { distribution: 'nvidia-cublas-cu12', versions: '<13.0,>=12.5.3.2' },
    { distribution: 'nvidia-cudnn-cu12', versions: '>=9.3.0.75' },
  ]);
});

it("copies CUDA's libraries to folders named as in their wheels", async () => {
  const path = writeWheel(folder, {
    ...MADE_UP,
    files: {
      'nvidia/cublas/lib/libcublas.so.12': strToU8('cublas'),
      'nvidia/cublas/include/cublas.h': strToU8('header'),
      'nvidia/cublas/lib/__init__.py': strToU8(''),
    },
  });
  const wheel = await openWheel(path, { distribution: 'nvidia-cublas-cu12' });
  await copyCuda(wheel, join(folder, 'nvidia'));
  wheel.close();
  expect(readFileSync(join(folder, 'nvidia/cublas/lib/libcublas.so.12'), 'utf8')).toBe('cublas');
  expect(existsSync(join(folder, 'nvidia/cublas/include'))).toBe(false);
  expect(existsSync(join(folder, 'nvidia/cublas/lib/__init__.py'))).toBe(false);
});
