import { packageGraph, ROOT, workspacePackages } from '@ar-distill/workspace';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runNx } from './run-nx';

interface Target {
  readonly cache?: boolean;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
}

interface ProjectGraph {
  readonly nodes: Readonly<
    Record<string, { data: { root: string; targets: Readonly<Record<string, Target>> } }>
  >;
}

const ALL = workspacePackages('packages', 'plugins', 'tools');
const INTEGRATION = 'integration';

function projectGraph(): ProjectGraph {
  const folder = mkdtempSync(join(tmpdir(), 'ar-distill-nx-'));
  try {
    const file = join(folder, 'graph.json');
    runNx('graph', `--file=${file}`);
    return JSON.parse(readFileSync(file, 'utf8')).graph;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inputsOf(target: string): string[] {
  return JSON.parse(runNx('show', 'target', target, 'inputs', '--json')).files;
}

/** Names of the packages that need `name`, directly or through others, and of itself. */
function dependantsOf(name: string): Set<string> {
  const graph = packageGraph(ALL);
  const found = new Set([name]);
  // A set that grows while it is walked is walked to its new end.
  for (const target of found) {
    for (const [from, targets] of graph) if (targets.includes(target)) found.add(from);
  }
  return found;
}

describe('nx', () => {
  it('knows every package and test/, with all targets cached and their inputs and outputs declared', () => {
    const { nodes } = projectGraph();
    expect(Object.keys(nodes).sort()).toEqual(
      [INTEGRATION, ...ALL.map(({ manifest }) => manifest.name)].sort(),
    );
    const builds = new Set(
      ALL.filter(({ kind }) => kind !== 'tools').map(({ manifest }) => manifest.name),
    );
    for (const [name, { data }] of Object.entries(nodes)) {
      const expected = ['lint', 'test', 'typecheck', ...(builds.has(name) ? ['build'] : [])].sort();
      const own = Object.entries(data.targets).filter(([target]) => !target.startsWith('nx-'));
      // Scripts of a package (a benchmark) are targets as well; they are not cached.
      const cached = own.filter(([, { cache }]) => cache);
      expect([name, cached.map(([target]) => target).sort()]).toEqual([name, expected]);
      for (const [target, { inputs = [], outputs }] of cached) {
        expect(inputs.length).toBeGreaterThan(0);
        expect(outputs).toEqual(target === 'build' ? ['{projectRoot}/dist'] : []);
      }
    }
  }, 120_000);

  it.each(['plugins/toy', 'packages/checkpoints'])(
    'sees in a change of %s what depends on it, and nothing else',
    (folder) => {
      const { manifest } = ALL.find(({ directory }) => relative(ROOT, directory) === folder)!;
      const changed = `${folder}/src/index.ts`;
      const affected = runNx('show', 'projects', '--affected', '--files', changed, '--json');
      const expected = [...dependantsOf(manifest.name), INTEGRATION].sort();
      expect(JSON.parse(affected).sort()).toEqual(expected);
    },
    120_000,
  );

  it('repeats a build after a change of what ships, not of tests or pages', () => {
    const inputs = inputsOf('@ar-distill/core:build');
    expect(inputs).toContain('packages/core/src/index.ts');
    expect(inputs).toContain('packages/nn/src/index.ts');
    expect(inputs).toContain('packages/nn/tsconfig.json');
    expect(inputs).toContain('tsconfig.base.json');
    expect(inputs.filter((file) => /\.test\.ts$|\.md$|^plugins\//.test(file))).toEqual([]);
  }, 120_000);

  it('repeats tests after a change of sources, assets, fixtures or the set-up of jest', () => {
    const inputs = inputsOf('@ar-distill/plugin-var:test');
    expect(inputs).toContain('plugins/var/src/teacher.test.ts');
    expect(inputs).toContain('plugins/var/assets/mnist/teacher.safetensors');
    expect(inputs).toContain('packages/core/src/index.ts');
    expect(inputs).toContain('tools/jest/environment.js');
    expect(inputs).toContain('test/fixtures/toy-joint/config.json');
    expect(inputs).not.toContain('plugins/toy/src/index.ts');
  }, 120_000);

  it('repeats lint after a change of the rules', () => {
    const inputs = inputsOf('@ar-distill/core:lint');
    expect(inputs).toContain('eslint.config.js');
    expect(inputs).toContain('tools/workspace/rooms.json');
    expect(inputs).toContain('plugins/toy/package.json');
    expect(inputs).not.toContain('plugins/toy/src/index.ts');
  }, 120_000);

  it('takes the second run from its cache', () => {
    const run = () =>
      runNx('run-many', '-t', 'typecheck', '-p', '@ar-distill/nn', '--outputStyle=static');
    run();
    expect(run()).toMatch('from the cache instead of running the command for 1 out of 1 tasks');
  }, 300_000);
});
