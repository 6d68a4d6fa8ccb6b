import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { linkNodeModules } from './node-modules';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'same-bytes-test-'));
});
afterEach(() => rm(root, { recursive: true }));

const OTHER = { version: '1.0.0', integrity: 'sha512-1' };
const MINE = { resolved: 'packages/mine', link: true };

/** Whether a checkout that wants `wanted` is filled from one where `installed` is there. */
async function filled(wanted: object, installed: object | undefined): Promise<boolean> {
  const [from, to] = [path.join(root, 'from'), path.join(root, 'to')];
  await mkdir(path.join(from, 'node_modules/other/.cache'), { recursive: true });
  await mkdir(to, { recursive: true });
  await writeFile(path.join(from, 'node_modules/other/index.js'), '');
  await writeFile(path.join(to, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed) {
    const file = path.join(from, 'node_modules/.package-lock.json');
    await writeFile(file, JSON.stringify({ packages: installed }));
  }
  const done = await linkNodeModules(from, to);
  expect(existsSync(path.join(to, 'node_modules'))).toBe(done);
  return done;
}

describe('packages of another checkout', () => {
  it('serve when they are the same, whatever the workspaces are called', async () => {
    const wanted = { 'node_modules/other': OTHER, 'node_modules/@scope/mine': MINE };
    const installed = { 'node_modules/other': OTHER, 'node_modules/yours': MINE };
    expect(await filled(wanted, installed)).toBe(true);
    const at = (name: string): boolean => existsSync(path.join(root, 'to/node_modules', name));
    expect(['other/index.js', 'other/.cache', 'yours'].map(at)).toEqual([true, false, false]);
    await mkdir(path.join(root, 'to/packages/mine'), { recursive: true });
    expect(at('@scope/mine')).toBe(true);
  });

  it('need not have what another platform uses', async () => {
    const foreign = { version: '1.0.0', optional: true };
    const wanted = { 'node_modules/other': OTHER, 'node_modules/foreign': foreign };
    expect(await filled(wanted, { 'node_modules/other': OTHER })).toBe(true);
  });

  it.each([
    ['another version', { 'node_modules/other': { ...OTHER, version: '1.0.1' } }],
    ['other contents', { 'node_modules/other': { ...OTHER, integrity: 'sha512-2' } }],
    ['one too few', {}],
    ['one too many', { 'node_modules/other': OTHER, 'node_modules/more': OTHER }],
    ['nothing installed', undefined],
  ])('do not serve with %s', async (_title, installed) => {
    expect(await filled({ 'node_modules/other': OTHER }, installed)).toBe(false);
  });
});
