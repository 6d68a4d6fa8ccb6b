import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readBuild, type TensorflowBuild, writeBuildRecord } from '../tensorflow/build-record';
import { TENSORFLOW_SOURCES } from '../tensorflow/sources';
import { loadBuild } from './built-tensorflow';

const PACKAGE = 'node_modules/@tensorflow/tfjs-node';
const LIBRARY = `${PACKAGE}/deps/lib/libtensorflow_cc.so.2`;
let root: string;
let build: TensorflowBuild;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'ar-distill-built-'));
  const files = {
    [`${PACKAGE}/dist/register_all_kernels.js`]: "throw new Error('the scripts have run')",
    [LIBRARY]: 'a library',
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'cpu', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  await writeBuildRecord(join(root, 'cpu'), TENSORFLOW_SOURCES.cpu);
  build = readBuild(root, 'cpu')!;
});
afterEach(() => rmSync(root, { recursive: true }));

it('loads a build that is whole', () => {
  expect(() => loadBuild(build)).toThrow('the scripts have run');
});

it.each([
  ['is missing', (path: string) => rmSync(path)],
  ['was cut short', (path: string) => truncateSync(path, 3)],
])('loads nothing of a build of which a library %s', (_, harm) => {
  const path = join(root, 'cpu', LIBRARY);
  harm(path);
  expect(() => loadBuild(build)).toThrow(`${path} is not there or not whole`);
});
