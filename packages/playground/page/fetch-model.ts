import { MODEL_DESCRIPTION, type ModelFile, type PlayedModel } from '../src/played-model';
import type { ModelBytes, TeacherBytes } from './messages';

/** Where browsers keep weights between visits. */
const CACHE = 'ar-distill-weights';

/** Called with the bytes that are here and all that are to come. */
export type OnBytes = (loaded: number, total: number) => void;

/** @throws Error when the site has no description of its model. */
export async function fetchDescription(): Promise<PlayedModel> {
  return (await fetched(MODEL_DESCRIPTION, { cache: 'no-cache' })).json();
}

/**
 * Weights from the browser's cache, where they lie by their checksum, or from the site, which are checked
 * and kept then. Pages without a secure connection have neither a cache nor checksums.
 * @throws Error when the site does not give them, or they arrive damaged.
 */
export async function fetchModel(
  { model, externalData }: PlayedModel,
  onBytes: OnBytes,
): Promise<ModelBytes> {
  const total = model.bytes + (externalData?.bytes ?? 0);
  const bytes = await fetchFile(model, (loaded) => onBytes(loaded, total));
  if (!externalData) return { model: bytes };
  const data = await fetchFile(externalData, (loaded) => onBytes(model.bytes + loaded, total));
  return { model: bytes, externalData: { path: nameOf(externalData), data } };
}

/** The same for the files of a teacher. */
export async function fetchTeacher(
  files: readonly ModelFile[],
  onBytes: OnBytes,
): Promise<TeacherBytes> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const found = new Map<string, Uint8Array>();
  let before = 0;
  for (const file of files) {
    found.set(nameOf(file), await fetchFile(file, (loaded) => onBytes(before + loaded, total)));
    before += file.bytes;
  }
  return found;
}

async function fetchFile(
  file: ModelFile,
  onBytes: (loaded: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const cache = isSecureContext ? await caches.open(CACHE).catch(() => undefined) : undefined;
  const key = `${file.path}?sha256=${file.sha256}`;
  const kept = await cache?.match(key);
  if (kept) return new Uint8Array(await kept.arrayBuffer());
  const bytes = await bytesOf(await fetched(file.path, { cache: 'no-store' }), file.bytes, onBytes);
  if (isSecureContext && (await sha256Of(bytes)) !== file.sha256) {
    throw new Error(`${nameOf(file)} arrived damaged: load the page again.`);
  }
  // Other weights of the same name are of no more use; a full disk keeps none.
  await cache?.delete(file.path, { ignoreSearch: true });
  await cache?.put(key, new Response(bytes)).catch(() => undefined);
  return bytes;
}

async function fetched(path: string, options: RequestInit): Promise<Response> {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(`The site does not give ${path} (${response.status}).`);
  return response;
}

/** The body, in one piece of memory from the beginning. */
async function bytesOf(
  { body }: Response,
  size: number,
  onBytes: (loaded: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let loaded = 0;
  const reader = body!.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (loaded + part.value.length > size)
      throw new Error('The model is longer than the site says.');
    bytes.set(part.value, loaded);
    loaded += part.value.length;
    onBytes(loaded);
  }
  return bytes.subarray(0, loaded);
}

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function nameOf({ path }: ModelFile): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
