import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8 } from 'fflate';
import { FakeTools } from '../../test-support/fake-tools';
import { MADE_UP, writeWheel } from '../../test-support/wheels';
import { readBuild } from './build-record';
import { ownNodeHeaders } from './compiler';
import { installTensorflow, type InstallTensorflowOptions } from './install';
import type { TensorflowSources } from './sources';

const PATH = process.env['PATH'];
const COMPILER = ['c++', 'g++', 'clang++'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);
const LINUX = process.platform === 'linux' && process.arch === 'x64';
/** A binding that loads and says what TensorFlow's does, linked to nothing. */
const BINDING = `#include <node_api.h>
static napi_value No(napi_env env, napi_callback_info) {
  napi_value value;
  napi_get_boolean(env, false, &value);
  return value;
}
NAPI_MODULE_INIT() {
  napi_value version, function;
  napi_create_string_utf8(env, "2.21.0", NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "TF_Version", version);
  napi_create_function(env, "no", NAPI_AUTO_LENGTH, No, nullptr, &function);
  napi_set_named_property(env, exports, "isUsingGpuDevice", function);
  return exports;
}`;

let folder: string;
let root: string;
let tools: FakeTools;
let sources: TensorflowSources;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ar-distill-install-'));
  root = join(folder, 'builds');
  tools = new FakeTools(folder);
  const pins = tools.npm({
    binding: { 'binding/binding.cc': BINDING, 'dist/register_all_kernels.js': '' },
    protobuf: { 'index.js': '' },
    headers: { 'include/node_api.h': '' },
  });
  tools.pip(writeWheel(folder));
  tools.write('c++', 'exit 0');
  process.env['PATH'] = tools.path;
  sources = {
    variant: 'cpu',
    tensorflow: { distribution: 'tensorflow-cpu', version: '2.21.0' },
    wheels: {},
    binding: pins['binding']!,
    protobuf: pins['protobuf']!,
    nodeHeaders: pins['headers']!,
    cuda: false,
    room: 1,
  };
});
afterEach(() => {
  process.env['PATH'] = PATH;
  rmSync(folder, { recursive: true });
});

function install(options: Partial<InstallTensorflowOptions> = {}) {
  return installTensorflow({ variant: 'cpu', folder: root, ...options }, sources);
}

/** Everything in the folder of the builds. */
function left(): string[] {
  return statSync(root, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(root) : [];
}

(LINUX ? describe : describe.skip)(
  'what goes wrong ends in one sentence and leaves nothing',
  () => {
    const wheel = (changes: Partial<typeof MADE_UP>): string =>
      writeWheel(folder, { ...MADE_UP, ...changes });

    const faults: [string, () => Partial<InstallTensorflowOptions> | void, RegExp][] = [
      ['no compiler', () => rmSync(join(tools.path, 'c++')), /^There is no C\+\+ compiler .*g\+\+/],
      [
        'no pip',
        () => rmSync(join(tools.path, 'python3')),
        /^There is no pip to download .*--from/,
      ],
      ['no npm', () => rmSync(join(tools.path, 'npm')), /^There is no npm to fetch binding with/],
      [
        'an index that cannot be reached',
        () =>
          tools.write(
            'python3',
            `for last; do :; done
[ "$last" = --version ] && exit 0
echo 'WARNING: Retrying' >&2; echo 'ERROR: No matching distribution found.' >&2; exit 1`,
          ),
        /^pip cannot download tensorflow-cpu \(No matching distribution found\): /,
      ],
      [
        'a registry that cannot be reached',
        () => tools.write('npm', "echo 'npm error code E1\nnpm error request failed' >&2; exit 1"),
        /^npm cannot fetch binding 1\.0\.0 \(request failed\): /,
      ],
      [
        'other bytes from the registry',
        () => writeFileSync(tools.tarball('protobuf'), 'other'),
        /^The checksum of protobuf 1\.0\.0 is not that of npm's file: /,
      ],
      [
        'a wheel of another version',
        () => ({ from: wheel({ version: '2.20.0' }) }),
        /has tensorflow_cpu 2\.20\.0 where tensorflow-cpu 2\.21\.0 is needed/,
      ],
      [
        'a wheel of something else',
        () => ({ from: wheel({ distribution: 'keras' }) }),
        /has keras 2\.21\.0 where tensorflow-cpu 2\.21\.0 is needed/,
      ],
      [
        'a wheel for another platform',
        () => ({ from: wheel({ tag: 'cp312-cp312-win_amd64' }) }),
        /is for another platform \(cp312-cp312-win_amd64\): name a wheel for Linux x64\.$/,
      ],
      [
        'a wheel whose file is damaged',
        () => ({
          from: writeWheel(folder, MADE_UP, {
            'tensorflow/libtensorflow_framework.so.2': strToU8('other bytes'),
          }),
        }),
        /^The checksum of tensorflow\/libtensorflow_framework\.so\.2 in \S+ is wrong: /,
      ],
      ['no wheel at all', () => ({ from: join(folder, 'none') }), /^There is no wheel or folder /],
      [
        'C++ that does not compile',
        () => tools.write('c++', 'echo "a.cc:1:2: error: no member \'x\'" >&2; [ $# = 1 ]'),
        /^The binding cannot be compiled with c\+\+ \(no member 'x'\): /,
      ],
      [
        'a binding that does not load',
        () => tools.write('c++', 'for last; do :; done; [ $# = 1 ] || echo junk >"$last"'),
        /^The binding was built and does not load \(\S.*\): /,
      ],
      [
        'a full disk',
        () => void (sources = { ...sources, room: 2 ** 60 }),
        /^The disk of \S+ has .* GiB free where the build takes .* GiB: free some, or set /,
      ],
      [
        'a file where the folder should be',
        () => writeFileSync(root, ''),
        /^Nothing can be built in \S+builds \(a part of that path is a file\): mend that, or set /,
      ],
    ];

    it.each(faults)('%s', async (_name, prepare, message) => {
      const error: unknown = await install(prepare() ?? {}).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      const text = error instanceof Error ? error.message : '';
      expect(text).toMatch(message);
      expect(text).toMatch(/^[^\n]*[^.\n]\.$/);
      expect(left()).toEqual([]);
    });

    it('a pip in the working folder, which is not run', async () => {
      const places = join(folder, 'places');
      tools.write('python3', `pwd >>${places}; exit 1`);
      await expect(install()).rejects.toThrow(/^There is no pip /);
      const started = readFileSync(places, 'utf8').trim().split('\n');
      expect(started.filter((place) => !place.startsWith(root))).toEqual([]);
    });

    it('an interruption', async () => {
      tools.write(
        'python3',
        'for last; do :; done; [ "$last" = --version ] && exit 0; exec sleep 60',
      );
      const controller = new AbortController();
      const installation = install({
        signal: controller.signal,
        onProgress: (activity) => {
          if (activity.startsWith('downloading')) setTimeout(() => controller.abort(), 100);
        },
      });
      await expect(installation).rejects.toMatchObject({ name: 'AbortError' });
      expect(left()).toEqual([]);
    });
  },
);

const compiles = LINUX && COMPILER !== undefined && ownNodeHeaders() !== undefined;

(compiles ? describe : describe.skip)('with a compiler', () => {
  /** A wheel whose libraries can be linked to. */
  function linkableWheel(): string {
    const library = join(folder, 'empty.so');
    const args = ['-shared', '-x', 'c++', '/dev/null', '-o', library];
    expect(spawnSync(COMPILER!, args).status).toBe(0);
    const bytes = new Uint8Array(readFileSync(library));
    const files = Object.keys(MADE_UP.files).map((path) => [path, bytes] as const);
    return writeWheel(folder, { ...MADE_UP, files: Object.fromEntries(files) });
  }

  beforeEach(() => {
    process.env['PATH'] = `${tools.path}:${PATH}`;
    rmSync(join(tools.path, 'c++'));
    tools.pip(linkableWheel());
  });

  it('builds what pip downloads, whole', async () => {
    const heard: string[] = [];
    const found = await install({ onProgress: (activity) => heard.push(activity) });
    expect(found).toEqual({
      folder: join(root, 'cpu'),
      variant: 'cpu',
      version: '2.21.0',
      isNew: true,
    });
    expect(heard.map((activity) => activity.split(' ')[0])).toEqual([
      'fetching',
      'downloading',
      'unpacking',
      'compiling',
    ]);
    expect(left()).toEqual(['cpu']);
    expect(Object.keys(readBuild(root, 'cpu')!.files).sort()).toEqual([
      'node_modules/@tensorflow/tfjs-core/index.js',
      'node_modules/@tensorflow/tfjs-core/package.json',
      'node_modules/@tensorflow/tfjs/index.js',
      'node_modules/@tensorflow/tfjs/package.json',
      'node_modules/binding/binding/binding.cc',
      'node_modules/binding/deps/lib/libtensorflow_cc.so.2',
      'node_modules/binding/deps/lib/libtensorflow_framework.so.2',
      'node_modules/binding/dist/register_all_kernels.js',
      'node_modules/binding/lib/napi-v8/tfjs_binding.node',
      'node_modules/protobuf/index.js',
    ]);
  });

  it('keeps a whole build, and makes a damaged or an old one anew', async () => {
    await install();
    expect(await install({ from: join(folder, 'none') })).toMatchObject({ isNew: false });
    writeFileSync(join(root, 'cpu/node_modules/protobuf/index.js'), 'damaged');
    expect(await install()).toMatchObject({ isNew: true });
    expect(await install()).toMatchObject({ isNew: false });
    sources = { ...sources, binding: { ...sources.binding, version: '1.0.1' } };
    expect(await install()).toMatchObject({ isNew: true });
    expect(left()).toEqual(['cpu']);
  });

  it('keeps the old build when making the new one fails', async () => {
    await install();
    sources = { ...sources, binding: { ...sources.binding, version: '1.0.1' } };
    tools.write('c++', '[ $# = 1 ]');
    await expect(install()).rejects.toThrow('cannot be compiled');
    expect(left()).toEqual(['cpu']);
    expect(readBuild(root, 'cpu')).toMatchObject({ binding: { version: '1.0.0' } });
  });

  it('two at once leave one whole build', async () => {
    const both = await Promise.all([install(), install()]);
    expect(both.map(({ folder: place }) => place)).toEqual([join(root, 'cpu'), join(root, 'cpu')]);
    expect(left()).toEqual(['cpu']);
    expect(await install()).toMatchObject({ isNew: false });
  });
});
