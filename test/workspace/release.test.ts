import { workspacePackages } from '@ar-distill/workspace';
import { runNx } from './run-nx';

const ALL = workspacePackages('packages', 'plugins', 'tools');

it('nx release prepares the next version of all packages and of what they need from each other', () => {
  const [{ manifest }] = ALL as [(typeof ALL)[number]];
  const [major, minor, patch] = manifest.version.split('.').map(Number);
  const next = `${major}.${minor}.${patch! + 1}`;

  const printed = runNx('release', 'version', 'patch', '--dry-run');

  const manifests = [...printed.matchAll(/New version (\S+) written to manifest: (\S+)$/gm)];
  expect(manifests.map(([, version, path]) => `${path} ${version}`).sort()).toEqual(
    ALL.map(({ kind, folder }) => `${kind}/${folder}/package.json ${next}`).sort(),
  );
  const written = [...printed.matchAll(/^\+\s+"([^"]+)": "([^"]+)",?$/gm)];
  expect(new Set(written.map(([, , version]) => version))).toEqual(new Set([next]));

  const names = new Set(ALL.map(({ manifest }) => manifest.name));
  // A caret range, which the next patch satisfies, stays as it is.
  const needed = ALL.flatMap(({ manifest }) =>
    Object.entries({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.peerDependencies,
    }),
  ).flatMap(([name, range]) => (names.has(name) && !range.startsWith('^') ? [name] : []));
  expect(written.map(([, name]) => name).sort()).toEqual(
    [...ALL.map(() => 'version'), ...needed].sort(),
  );
}, 120_000);
