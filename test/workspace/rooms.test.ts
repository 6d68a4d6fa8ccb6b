import { readRooms, ROOT, withRoomsTable, workspacePackages } from '@ar-distill/workspace';
import { isPluginPackageName } from '@ar-distill/di';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

describe('the table of packages', () => {
  it('has a row for every package and no other', () => {
    const folders = workspacePackages('packages').map(({ folder }) => folder);
    expect(Object.keys(readRooms().packages).sort()).toEqual(folders);
  });

  it('stands in CONTRIBUTING.md as npm run rooms writes it', () => {
    const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    expect(page).toBe(withRoomsTable(page));
  });
});

describe('names of packages', () => {
  it.each(
    workspacePackages('packages', 'plugins', 'tools').map(
      ({ kind, manifest }) => [manifest.name, kind === 'plugins'] as const,
    ),
  )('%s is taken for a plugin: %s', (name, isPlugin) => {
    expect(isPluginPackageName(name)).toBe(isPlugin);
  });
});
