import { readRooms, ROOT, workspacePackages } from '@ar-distill/workspace';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOST_PACKAGES } from '../../packages/di/src/discovery/host-packages';

const PUBLISHED = workspacePackages('packages', 'plugins');
const NAMES = new Set(PUBLISHED.map(({ manifest }) => manifest.name));

describe.each(PUBLISHED.map((one) => [one.manifest.name, one] as const))('%s', (_name, one) => {
  const manifest = JSON.parse(readFileSync(join(one.directory, 'package.json'), 'utf8'));
  const place = `${one.kind}/${one.folder}`;

  it('says where it comes from and what it is about', () => {
    expect(manifest.repository).toEqual({
      type: 'git',
      url: expect.stringMatching(/^git\+https:\/\/.*\.git$/),
      directory: place,
    });
    const address = manifest.repository.url.slice('git+'.length, -'.git'.length);
    expect(manifest.homepage).toBe(`${address}/tree/main/${place}#readme`);
    expect(manifest.bugs).toEqual({ url: `${address}/issues` });
    expect(manifest.keywords).toContain(
      one.kind === 'plugins' ? 'ar-distill-plugin' : 'distillation',
    );
    expect(new Set(manifest.keywords).size).toBe(manifest.keywords.length);
  });

  it('says which of its files have side effects', () => {
    const files: readonly string[] = manifest.sideEffects || [];
    for (const file of files) {
      const source = file.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts');
      expect(existsSync(join(one.directory, source))).toBe(true);
    }
  });

  it('needs no script at its installation, and tells nx nothing of its own', () => {
    expect(manifest.scripts).toBeUndefined();
    expect(manifest.nx).toBeUndefined();
  });

  it('takes from its host, in any compatible version, what there must be one copy of', () => {
    const ours = Object.entries<string>(manifest.peerDependencies ?? {}).filter(([name]) =>
      NAMES.has(name),
    );
    expect(ours.filter(([, range]) => range !== `^${manifest.version}`)).toEqual([]);
    if (one.kind === 'packages') return;
    const given = Object.keys(manifest.dependencies ?? {}).filter((name) => NAMES.has(name));
    expect(given).toEqual([]);
    expect(manifest.peerDependencies['@tensorflow/tfjs']).toMatch(/^\^/);
  });
});

it('plugins get from the host all that they may import, and the host has it', () => {
  const mayImport = readRooms().plugins.mayImport.map((folder) => `@ar-distill/${folder}`);
  expect([...HOST_PACKAGES].sort()).toEqual([...mayImport, '@tensorflow/tfjs'].sort());
  const { manifest } = PUBLISHED.find(({ folder }) => folder === 'di')!;
  const has = { ...manifest.dependencies, ...manifest.peerDependencies };
  expect(HOST_PACKAGES.filter((name) => !(name in has))).toEqual([]);
});

it('nothing of this repository is installed by scripts', () => {
  expect(readFileSync(join(ROOT, '.npmrc'), 'utf8')).toBe('ignore-scripts=true\n');
});
