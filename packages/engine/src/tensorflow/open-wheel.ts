import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { digestFile } from './checksums';
import type { TensorflowSources } from './sources';
import { describeWheel, type Wheel } from './wheel';
import { normalized } from './wheel-record';

/** What is looked for. */
export interface WantedWheel {
  readonly distribution: string;
  /** The version that is wanted when a folder has several; default: the last one. */
  readonly version?: string;
}

/** Names of wheels that fit this platform end so. */
const FITS = /(?:linux\w*_x86_64|-any)\.whl$/;

/**
 * Opens a distribution that the user has.
 *
 * @param place a wheel; a folder with wheels; or a folder with unpacked distributions, such as the
 *   `site-packages` of a Python.
 * @throws Error when it is not there, or when its file is damaged.
 */
export async function openWheel(
  place: string,
  { distribution, version }: WantedWheel,
  wheels: TensorflowSources['wheels'] = {},
  signal?: AbortSignal,
): Promise<Wheel> {
  const stats = await stat(place).catch(() => undefined);
  if (stats?.isFile()) return openZipped(place, wheels, signal);
  if (!stats?.isDirectory()) {
    throw new Error(`There is no wheel or folder ${place}: name one that has ${distribution}.`);
  }
  const start = `${normalized(distribution)}-`;
  const all = (await readdir(place)).filter((name) => name.startsWith(start)).sort();
  const names = [`${start}${version}-`, `${start}${version}.dist-info`];
  const wanted = all.filter((name) => names.some((each) => name.startsWith(each)));
  const own = wanted.length > 0 ? wanted : all;
  const archives = own.filter((name) => name.endsWith('.whl'));
  const zipped = archives.findLast((name) => FITS.test(name)) ?? archives.at(-1);
  if (zipped !== undefined) return openZipped(join(place, zipped), wheels, signal);
  const unpacked = own.findLast((name) => name.endsWith('.dist-info'));
  if (unpacked !== undefined) return openUnpacked(place, unpacked);
  throw new Error(
    `The folder ${place} has neither a wheel nor an unpacked distribution of ${distribution}: download it there with pip, or name another folder.`,
  );
}

/** A wheel is a zip archive; one that is known by name has to have the bytes that are known. */
async function openZipped(
  path: string,
  wheels: TensorflowSources['wheels'],
  signal: AbortSignal | undefined,
): Promise<Wheel> {
  const expected = wheels[basename(path)];
  if (expected !== undefined && (await digestFile(path, 'sha256', 'hex', signal)) !== expected) {
    throw new Error(`The checksum of ${path} is not that of PyPI's file: download it again.`);
  }
  let zip: ZipFile | undefined;
  try {
    const archive = (zip = await openPromise(path, { autoClose: false }));
    const entries = new Map<string, Entry>();
    for await (const entry of archive.eachEntry()) entries.set(entry.fileName, entry);
    const folder = [...entries.keys()]
      .map((name) => /^([^/]+\.dist-info)\/METADATA$/.exec(name)?.[1])
      .find((name) => name !== undefined);
    if (folder === undefined) throw new Error('it has no metadata of a distribution');
    return await describeWheel(path, folder, {
      open: (name) => {
        const entry = entries.get(name);
        if (!entry) throw new Error(`it has no ${name}`);
        return archive.openReadStreamPromise(entry);
      },
      close: () => archive.close(),
    });
  } catch (error) {
    zip?.close();
    throw damaged(path, error);
  }
}

/** What pip has installed into a folder, or a wheel that was unpacked there. */
async function openUnpacked(folder: string, metadata: string): Promise<Wheel> {
  try {
    return await describeWheel(folder, metadata, {
      open: async (name) => createReadStream(join(folder, name), { highWaterMark: 2 ** 20 }),
      close: () => undefined,
    });
  } catch (error) {
    throw damaged(join(folder, metadata), error);
  }
}

function damaged(place: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message.replace(/[.\s]+$/, '') : String(error);
  return new Error(`${place} cannot be read as a wheel (${reason}): download it again.`, {
    cause: error,
  });
}
