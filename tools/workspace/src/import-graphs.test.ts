import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileGraph, packageGraph } from './import-graphs';
import type { Manifest, WorkspacePackage } from './packages';
import { ROOT } from './root';

describe('graphs of imports', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ar-distill-graphs-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** A package of the given files in `src`. */
  function pack(
    folder: string,
    files: Readonly<Record<string, string>>,
    manifest: Partial<Manifest> = {},
  ): WorkspacePackage {
    const directory = join(root, folder);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, 'src', name)), { recursive: true });
      writeFileSync(join(directory, 'src', name), text);
    }
    const { version = '1.0.0', ...rest } = manifest;
    return { kind: 'packages', folder, directory, manifest: { name: folder, version, ...rest } };
  }

  it('between files: every form of import, types included; tests left out', () => {
    const from = pack('a', {
      'index.ts': "export * from './inner';\nimport '../package.json';\nimport 'b';",
      'inner/index.ts': "import type { T } from '../types';\nexport const t: T = 1;",
      'types.ts': "export type T = import('./lazy').L;",
      'lazy.ts': "export type L = number;\nexport const later = () => import('./late');",
      'late.ts': '',
      'late.test.ts': "import './late';",
    });
    const inside = (path: string) => relative(join(from.directory, 'src'), join(ROOT, path));
    const found = [...fileGraph(from)].map(([file, targets]) => [
      inside(file),
      targets.map(inside),
    ]);
    expect(Object.fromEntries(found)).toEqual({
      'index.ts': ['inner/index.ts'],
      'inner/index.ts': ['types.ts'],
      'types.ts': ['lazy.ts'],
      'lazy.ts': ['late.ts'],
      'late.ts': [],
    });
  });

  it('between packages: what sources import, subpaths too, and what manifests name', () => {
    const all = [
      pack('a', { 'index.ts': "import type { X } from 'b/inner';\nexport type Y = X;" }),
      pack('b', { 'index.ts': "import 'lib';" }, { peerDependencies: { c: '1.0.0' } }),
      pack('c', { 'index.test.ts': "import 'a';" }),
    ];
    expect(Object.fromEntries(packageGraph(all))).toEqual({ a: ['b'], b: ['c'], c: [] });
  });
});
