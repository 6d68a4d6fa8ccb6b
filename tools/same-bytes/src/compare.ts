import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { openArrayFile, type ArrayFile, type Values } from './array-file';
import { latestName, type NameTable, type Rename } from './name-table';
import { ARRAYS_FOLDER, CHECKPOINT_FILE, SAMPLES_FILE } from './result';

/** What a comparison of two results found. */
export interface Comparison {
  /** Files, arrays and elements that both sides have. */
  readonly files: number;
  readonly arrays: number;
  readonly elements: number;
  /** A line for each file and array that one side lacks or that differs. */
  readonly differences: readonly string[];
}

type Names = Pick<NameTable, 'files' | 'tensors'>;

/**
 * Compares the checkpoint, the files of `arrays/` and the samples of two results, every element bit by
 * bit: −0 is not 0, and a NaN is equal to a NaN of the same bits. Headers are not compared.
 * @throws Error when a file cannot be read, or the table gives two names of a side the same name.
 */
export async function compareResults(
  base: string,
  head: string,
  names: Names,
): Promise<Comparison> {
  const [before, after] = await Promise.all([
    filesOf(base, names.files),
    filesOf(head, names.files),
  ]);
  const { shared, differences } = matched(before, after, (name) => name);
  const found = { files: shared.length, arrays: 0, elements: 0 };
  for (const [name, inBase, inHead] of shared) {
    const both = await Promise.all([
      openArrayFile(path.join(base, inBase)),
      openArrayFile(path.join(head, inHead)),
    ]);
    try {
      const compared = await compareFiles(name, ...both, names.tensors);
      found.arrays += compared.arrays;
      found.elements += compared.elements;
      differences.push(...compared.differences);
    } finally {
      for (const file of both) await file.close();
    }
  }
  return { ...found, differences };
}

/** The files that are compared, in a result's folder: paths with `/`, by their latest names. */
async function filesOf(
  folder: string,
  renames: readonly Rename[],
): Promise<ReadonlyMap<string, string>> {
  const arrays = path.join(folder, ARRAYS_FOLDER);
  const inArrays = existsSync(arrays)
    ? (await readdir(arrays, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
        .map((file) => file.split(path.sep).join('/'))
    : [];
  const single = [CHECKPOINT_FILE, SAMPLES_FILE].filter((name) =>
    existsSync(path.join(folder, name)),
  );
  return byLatestName([...single, ...inArrays.sort()], renames, folder);
}

async function compareFiles(
  file: string,
  base: ArrayFile,
  head: ArrayFile,
  renames: readonly Rename[],
): Promise<Omit<Comparison, 'files'>> {
  const { shared, differences } = matched(
    byLatestName(base.names, renames, `${file} of the base`),
    byLatestName(head.names, renames, `${file} of the head`),
    (name) => `${file}: "${name}"`,
  );
  let elements = 0;
  for (const [name, inBase, inHead] of shared) {
    const [before, after] = [base.formatOf(inBase), head.formatOf(inHead)];
    if (before !== after) {
      differences.push(`${file}: "${name}" was ${before} and is ${after}`);
      continue;
    }
    const values = await base.read(inBase);
    elements += values.length;
    const difference = differenceOf(values, await head.read(inHead));
    if (difference !== undefined) differences.push(`${file}: "${name}" ${difference}`);
  }
  return { arrays: shared.length, elements, differences };
}

/** How two arrays of the same type and length differ; undefined when all bits are equal. */
function differenceOf(before: Values, after: Values): string | undefined {
  const [bitsBefore, bitsAfter] = [bitsOf(before), bitsOf(after)];
  let count = 0;
  let largest = 0;
  for (let i = 0; i < bitsBefore.length; i++) {
    if (bitsBefore[i] === bitsAfter[i]) continue;
    count++;
    largest = Math.max(largest, Math.abs(after[i]! - before[i]!));
  }
  if (count === 0) return undefined;
  return `differs in ${count} of ${before.length} elements, max|Δ| ${largest.toPrecision(3)}`;
}

function bitsOf(values: Values): Uint8Array | Uint32Array {
  return values instanceof Uint8Array
    ? values
    : new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** Names by their latest names. @throws Error when two have the same. */
function byLatestName(
  names: readonly string[],
  renames: readonly Rename[],
  where: string,
): ReadonlyMap<string, string> {
  const latest = new Map<string, string>();
  for (const name of names) {
    const key = latestName(name, renames);
    const other = latest.get(key);
    if (other !== undefined) {
      throw new Error(
        `The table of names calls both "${other}" and "${name}" of ${where} "${key}": mend its lines.`,
      );
    }
    latest.set(key, name);
  }
  return latest;
}

/** What both sides have, with its name on each, and a line for everything that one side lacks. */
function matched(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  describe: (name: string) => string,
): { shared: [name: string, inBase: string, inHead: string][]; differences: string[] } {
  const shared: [string, string, string][] = [];
  const differences: string[] = [];
  for (const [name, inBase] of before) {
    const inHead = after.get(name);
    if (inHead === undefined) differences.push(`${describe(name)} is missing`);
    else shared.push([name, inBase, inHead]);
  }
  for (const name of after.keys()) {
    if (!before.has(name)) differences.push(`${describe(name)} is extra`);
  }
  return { shared, differences };
}
