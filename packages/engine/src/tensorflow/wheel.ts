import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseRecord, type WheelRecord } from './wheel-record';

/** A distribution of PyPI, as a wheel or unpacked. */
export interface Wheel {
  /** The file or folder, for messages. */
  readonly place: string;
  readonly distribution: string;
  readonly version: string;
  readonly record: WheelRecord;
  /** What else it needs, as its metadata write it. */
  readonly requirements: readonly string[];
  /** What it runs on, e.g. `cp312-cp312-manylinux_2_27_x86_64`. */
  readonly tags: readonly string[];
  /** The bytes of a file of the record. */
  open(path: string): Promise<Readable>;
  close(): void;
}

/** Reads what a distribution says of itself in its `.dist-info` folder. */
export async function describeWheel(
  place: string,
  folder: string,
  { open, close }: Pick<Wheel, 'open' | 'close'>,
): Promise<Wheel> {
  const read = async (name: string): Promise<string> => text(await open(`${folder}/${name}`));
  const metadata = (await read('METADATA')).split(/\r?\n/);
  const [distribution] = values(metadata, 'Name');
  const [version] = values(metadata, 'Version');
  if (!distribution || !version) throw new Error('its METADATA have no name or version');
  return {
    place,
    distribution,
    version,
    record: parseRecord(await read('RECORD')),
    requirements: values(metadata, 'Requires-Dist'),
    tags: values((await read('WHEEL')).split(/\r?\n/), 'Tag'),
    open,
    close,
  };
}

/** The values of a key in METADATA or WHEEL, which have the form of mail headers. */
function values(lines: readonly string[], key: string): string[] {
  const start = `${key}: `;
  return lines
    .filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length).trim());
}
