import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { strToU8, zipSync } from 'fflate';

/** A distribution that is made up. */
export interface MadeUpWheel {
  readonly distribution: string;
  readonly version: string;
  readonly tag: string;
  readonly requirements: readonly string[];
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export const MADE_UP: MadeUpWheel = {
  distribution: 'tensorflow_cpu',
  version: '2.21.0',
  tag: 'cp312-cp312-manylinux_2_27_x86_64',
  requirements: ['numpy>=1.26.0'],
  files: {
    'tensorflow/libtensorflow_cc.so.2': strToU8('the library'),
    'tensorflow/libtensorflow_framework.so.2': strToU8('its framework'),
    'tensorflow/include/tensorflow/c/c_api.h': strToU8('// headers'),
    'tensorflow/include/tensorflow/core/graph.h': strToU8('// for C++'),
  },
};

/** All files of a wheel, with the metadata that describe them. */
export function wheelFiles(wheel: MadeUpWheel): Record<string, Uint8Array> {
  const { distribution, version, tag, requirements, files } = wheel;
  const folder = `${distribution}-${version}.dist-info`;
  const record = Object.entries(files).map(([path, bytes]) => {
    const digest = createHash('sha256').update(bytes).digest('base64url');
    return `${path},sha256=${digest},${bytes.length}`;
  });
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${distribution}`,
    `Version: ${version}`,
    ...requirements.map((line) => `Requires-Dist: ${line}`),
  ];
  return {
    ...files,
    [`${folder}/METADATA`]: strToU8(`${metadata.join('\n')}\n\nA text.\n`),
    [`${folder}/WHEEL`]: strToU8(`Wheel-Version: 1.0\nTag: ${tag}\n`),
    [`${folder}/RECORD`]: strToU8(`${record.join('\n')}\n${folder}/RECORD,,\n`),
  };
}

/** Writes a wheel into a folder; `changes` replace files without correcting their checksums. */
export function writeWheel(
  folder: string,
  wheel: MadeUpWheel = MADE_UP,
  changes: Readonly<Record<string, Uint8Array>> = {},
): string {
  const path = join(folder, `${wheel.distribution}-${wheel.version}-${wheel.tag}.whl`);
  writeFileSync(path, zipSync({ ...wheelFiles(wheel), ...changes }));
  return path;
}

/** The same, as pip unpacks it. */
export function unpackWheel(folder: string, wheel: MadeUpWheel = MADE_UP): void {
  for (const [name, bytes] of Object.entries(wheelFiles(wheel))) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}
