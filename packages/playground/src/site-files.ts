import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { openPlainFile } from '@ar-distill/checkpoints';
import { InvalidOptionError } from './errors';
import { readModelMetadata } from './model-metadata';
import { MODEL_DESCRIPTION, type ModelFile, type PlayedModel } from './played-model';

/** The built page, in this package. */
export const PAGE_FOLDER = path.join(__dirname, '../dist/page');

const MODEL_FOLDER = 'model';
const MODEL_FILE = 'generator.onnx';
const EXTERNAL_DATA = `${MODEL_FILE}.data`;
const TEACHER_FOLDER = 'teacher';
/** A file of a site: on disk, or of this text. */
export type SiteFile = { readonly file: string } | { readonly text: string };

/** All files of a site by their paths, such as `index.html` and `model/generator.onnx`. */
export type SiteFiles = ReadonlyMap<string, SiteFile>;

/**
 * The page with a model, to be served or written. Links are left out.
 *
 * @param page folder of the built page, `PAGE_FOLDER`.
 * @param folder model directory with an ONNX model, as `ar-distill export --onnx` writes it.
 * @param name what the page calls the model; default: the folder's name.
 * @throws InvalidOptionError when the folder has no model, or one that takes what the page cannot choose;
 *   Error when the page is not built.
 */
export async function siteOf(
  page: string,
  folder: string,
  name = path.basename(path.resolve(folder)),
): Promise<SiteFiles> {
  const model = await describeModel(folder, name);
  const files = new Map<string, SiteFile>();
  for (const file of await plainFiles(page)) files.set(file, { file: path.join(page, file) });
  if (!files.has('index.html')) {
    throw new Error(`There is no page in "${page}": build it with "npm run build".`);
  }
  for (const { path: name } of filesOf(model)) {
    files.set(name, { file: path.join(folder, name.slice(`${MODEL_FOLDER}/`.length)) });
  }
  files.set(MODEL_DESCRIPTION, { text: `${JSON.stringify(model, null, 2)}\n` });
  return files;
}

/**
 * Opens a file of a site for reading; links are not followed, since one could lead out of the folder.
 * @throws CheckpointFormatError when it is not there, or a link or anything else that is no file.
 */
export function openUnlinked(file: string): Promise<FileHandle> {
  return openPlainFile(file, { followLinks: false });
}

async function describeModel(folder: string, name: string): Promise<PlayedModel> {
  const metadata = await metadataOf(folder);
  const foreign = [...metadata.keys()].find(
    (key) => key.startsWith('input:') && key !== 'input:noise' && key !== 'input:labels',
  );
  if (foreign !== undefined) {
    throw new InvalidOptionError(
      `The model in "${folder}" is made for "${foreign.slice('input:'.length)}", and the page can choose classes alone: play with another model.`,
    );
  }
  const preset = metadata.get('preset');
  const numClasses = metadata.has('input:labels') ? Number(metadata.get('num_classes')) : undefined;
  const all = await plainFiles(folder);
  const teacher = all.filter((file) => file.startsWith(`${TEACHER_FOLDER}/`));
  return {
    name,
    ...(preset === undefined ? {} : { preset }),
    ...(numClasses === undefined ? {} : { numClasses }),
    model: await fileOf(folder, MODEL_FILE),
    ...(all.includes(EXTERNAL_DATA) ? { externalData: await fileOf(folder, EXTERNAL_DATA) } : {}),
    ...(teacher.length === 0
      ? {}
      : { teacher: await Promise.all(teacher.map((file) => fileOf(folder, file))) }),
  };
}

function filesOf({ model, externalData, teacher = [] }: PlayedModel): readonly ModelFile[] {
  return [model, ...(externalData ? [externalData] : []), ...teacher];
}

async function metadataOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const file = path.join(folder, MODEL_FILE);
  const isThere = await lstat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isThere) {
    throw new InvalidOptionError(
      `There is no file "${MODEL_FILE}" in "${folder}": name a folder that "ar-distill export --onnx fp32" wrote.`,
    );
  }
  const handle = await openUnlinked(file);
  try {
    const metadata = await readModelMetadata(handle).catch(() => new Map<string, string>());
    if (metadata.has('input:noise') && metadata.has('output:images')) return metadata;
    throw new InvalidOptionError(
      `"${file}" is no model that "ar-distill export --onnx" wrote: export it again.`,
    );
  } finally {
    await handle.close();
  }
}

async function fileOf(folder: string, file: string): Promise<ModelFile> {
  const place = path.join(folder, file);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(place)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { path: `${MODEL_FOLDER}/${file}`, bytes, sha256: hash.digest('hex') };
}

/** Paths of what is a file in a folder and below, with "/" between names; nothing where there is no folder. */
async function plainFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .map((file) => file.split(path.sep).join('/'))
    .sort();
}
