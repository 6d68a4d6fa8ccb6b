import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmPack, type PackedPackage } from './pack-workspace';

/**
 * The same packages as they would be released under another version: what they need from each other
 * becomes that version, pinned or with a caret as it was.
 *
 * @param folder - for the tarballs and what they are made of.
 */
export async function releasedAs(
  version: string,
  packages: readonly PackedPackage[],
  folder: string,
): Promise<PackedPackage[]> {
  const names = new Set(packages.map(({ name }) => name));
  const folders = packages.map(({ name, file }, i) => {
    const place = join(folder, `${i}`);
    mkdirSync(place, { recursive: true });
    execFileSync('tar', ['-xzf', file, '-C', place, '--strip-components=1']);
    const manifestFile = join(place, 'package.json');
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(manifestFile, 'utf8'));
    const renewed = { ...manifest, version };
    for (const field of ['dependencies', 'peerDependencies']) {
      Reflect.set(renewed, field, renewedRanges(manifest[field], names, version));
    }
    writeFileSync(manifestFile, JSON.stringify(renewed));
    return { name, place };
  });
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs);
  return npmPack(
    folder,
    tarballs,
    folders.map(({ place }) => place),
  );
}

function renewedRanges(
  listed: unknown,
  names: ReadonlySet<string>,
  version: string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(listed ?? {}).map(([name, range]: [string, unknown]) => {
      const caret = String(range).startsWith('^') ? '^' : '';
      return [name, names.has(name) ? caret + version : range];
    }),
  );
}
