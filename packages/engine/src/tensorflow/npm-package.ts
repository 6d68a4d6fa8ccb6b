import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFile } from './checksums';
import { complaint, runProcess } from './child-process';
import type { PinnedPackage } from './sources';

/** What npm says besides codes. */
const REASON = /^npm (?:error|ERR!) (?!code|errno|syscall)/;

/**
 * Fetches a package with the user's npm and unpacks it; none of its scripts are run.
 *
 * @param folder where the files of the package come to lie.
 * @param scratch an existing folder for the tarball.
 * @throws Error when there is no npm or tar, when npm cannot fetch the package, or when its bytes are
 *   not those that are known.
 */
export async function fetchNpmPackage(
  { name, version, sha512 }: PinnedPackage,
  folder: string,
  scratch: string,
  signal?: AbortSignal,
): Promise<void> {
  const downloads = join(scratch, 'npm');
  await mkdir(downloads, { recursive: true });
  const packed = await runProcess(
    'npm',
    ['pack', '--loglevel=error', '--pack-destination', downloads, `${name}@${version}`],
    { cwd: downloads, signal, variables: { npm_config_update_notifier: 'false' } },
  );
  if (!packed) throw new Error(`There is no npm to fetch ${name} with: install it with Node.`);
  const [tarball] = await readdir(downloads);
  if (packed.code !== 0 || tarball === undefined) {
    throw new Error(
      `npm cannot fetch ${name} ${version} (${complaint(packed, REASON)}): mend that first.`,
    );
  }
  const path = join(downloads, tarball);
  if ((await digestFile(path, 'sha512', 'base64', signal)) !== sha512) {
    throw new Error(
      `The checksum of ${name} ${version} is not that of npm's file: look at the registry that npm uses.`,
    );
  }
  await mkdir(folder, { recursive: true });
  const unpacked = await runProcess(
    'tar',
    ['-xzf', path, '-C', folder, '--strip-components=1', '--no-same-owner'],
    { signal },
  );
  if (!unpacked) throw new Error(`There is no tar to unpack ${name} with: install it.`);
  if (unpacked.code !== 0) {
    throw new Error(`${name} ${version} cannot be unpacked: ${complaint(unpacked, /^tar:/)}.`);
  }
  await rm(downloads, { recursive: true });
}
