import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packWorkspace, type PackedPackage } from '../packing/pack-workspace';
import { startRegistry, type Registry } from '../packing/registry';
import { releasedAs } from '../packing/release';
import { mustRun, runCommand, userEnvironment, type Finished } from '../packing/run-command';

const MINUTES = 600_000;
type Place = 'global' | 'local';

const PLUGIN = '@ar-distill/plugin-var';
const folder = mkdtempSync(join(tmpdir(), 'ar-distill-places-'));
let command: string;
/** By the version of core that npm finds for a plugin that is installed apart from the command. */
const registries = new Map<string, Registry>();

beforeAll(async () => {
  const today = await packWorkspace(join(folder, 'today'));
  const [{ version }] = today as [PackedPackage];
  const [major, minor, patch] = version.split('.').map(Number) as [number, number, number];
  command = today.find(({ name }) => name === 'ar-distill')!.file;
  const isPlugin = ({ name }: PackedPackage) => name.includes('/plugin-');
  const patched = await releasedAs(`${major}.${minor}.${patch + 1}`, today, join(folder, 'patch'));
  const breaking = await releasedAs(`${major}.${minor + 1}.0`, today, join(folder, 'minor'));
  registries.set('same', await startRegistry(today));
  // The plugin is of today, and npm gives it the newest packages that it takes.
  registries.set(
    'compatible',
    await startRegistry([...today, ...patched.filter((one) => !isPlugin(one))]),
  );
  registries.set('incompatible', await startRegistry([...today, ...breaking]));
}, MINUTES);

afterAll(async () => {
  for (const registry of registries.values()) await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Installation {
  readonly place: Place;
  /** One `npm install` after the other. */
  readonly steps: readonly { readonly versions: string; readonly what: readonly string[] }[];
}

/** A folder of a project, or npm's for global packages; what was installed like it is used again. */
async function installed({ place, steps }: Installation): Promise<string> {
  const key = JSON.stringify({ place, steps });
  const known = made.get(key);
  if (known) return known;
  const directory = join(folder, `${place}-${made.size}`);
  mkdirSync(directory);
  made.set(key, directory);
  writeFileSync(join(directory, '.npmrc'), '');
  if (place === 'local') writeFileSync(join(directory, 'package.json'), '{"private":true}');
  const where = place === 'global' ? ['--global', '--prefix', directory] : [];
  for (const { versions, what } of steps) {
    const { npmArguments } = registries.get(versions)!;
    // In one project npm refuses these by itself, unless it is told to go on.
    const force = versions === 'incompatible' ? ['--force'] : [];
    await mustRun(directory, [
      'npm',
      ...['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'],
      ...force,
      ...where,
      ...npmArguments,
      ...what,
    ]);
  }
  return directory;
}
const made = new Map<string, string>();

/** Runs the command from where it is installed, in the folder of a project, knowing npm's global folder. */
async function run(
  place: Place,
  home: string,
  cwd: string,
  globalFolder: string,
  args: readonly string[],
): Promise<Finished> {
  const bin = join(home, place === 'global' ? 'bin' : 'node_modules/.bin', 'ar-distill');
  const environment = userEnvironment({ npm_config_prefix: globalFolder });
  return runCommand(cwd, [bin, ...args], environment);
}

const PLACES = ['global', 'local'] as const;
const CASES = PLACES.flatMap((commandPlace) =>
  PLACES.flatMap((pluginPlace) =>
    ['same', 'compatible', 'incompatible'].map(
      (versions) => [commandPlace, pluginPlace, versions] as const,
    ),
  ),
);

describe('the command and a plugin', () => {
  it.each(CASES)(
    'the command %s, the plugin %s, with packages of the %s version',
    async (commandPlace, pluginPlace, versions) => {
      const theCommand = { versions: 'same', what: [command] };
      const thePlugin = { versions, what: [PLUGIN] };
      const isTogether = commandPlace === pluginPlace;
      const home = await installed({
        place: commandPlace,
        steps: isTogether ? [theCommand, thePlugin] : [theCommand],
      });
      const pluginHome = isTogether
        ? home
        : await installed({ place: pluginPlace, steps: [thePlugin] });
      const workingFolder = {
        local: pluginHome,
        global: commandPlace === 'local' ? home : tmpdir(),
      };
      const cwd = workingFolder[pluginPlace];
      const globalFolder = pluginPlace === 'global' ? pluginHome : folder;
      const listed = await run(commandPlace, home, cwd, globalFolder, ['plugins']);
      if (versions === 'incompatible') {
        expect(listed.stderr).toMatch(
          /^Warning: The plugin "@ar-distill\/plugin-var" in .* needs @ar-distill\/\S+ \^0\.2\.0, but this ar-distill brings @ar-distill\/\S+ 0\.1\.0: install a newer version of ar-distill\.\n$/,
        );
        expect(listed.stdout).not.toContain('mnist-var');
        return;
      }
      expect(listed).toEqual({
        status: 0,
        stderr: '',
        stdout: expect.stringMatching(
          `@ar-distill/plugin-var \\d+\\.\\d+\\.\\d+ in ${pluginHome}/`,
        ),
      });
      const out = join(folder, 'grid.png');
      const drawn = await run(commandPlace, home, cwd, globalFolder, [
        ...['sample', '--preset', 'mnist-var', '--count', '2', '--out', out],
      ]);
      expect(drawn.stderr).not.toMatch(/error|warning/i);
      expect({ status: drawn.status, stdout: drawn.stdout }).toEqual({
        status: 0,
        stdout: expect.stringContaining('2 images in '),
      });
    },
    MINUTES,
  );
});
