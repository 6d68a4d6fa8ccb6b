import {
  type ExportedTeacher,
  EXPORTED_TEACHER_FILE,
  type OpenTeacher,
  openExportedTeacher,
  parseExportedTeacher,
} from '@ar-distill/core/exported';
import { type OnnxRuntimeWeb, type SessionOptions, webCompiler } from './web-compiler';

/** The address of the folder, or what reads a file of it by its name: from a cache, for instance. */
export type TeacherFiles = string | URL | ((name: string) => Promise<Uint8Array>);

/**
 * Opens a teacher that `ar-distill export --teacher` wrote. Its own sampling, with its cache of keys and values, then
 * runs in the page, and draws what the library's teacher draws.
 * @param files its folder, `teacher/` of the model directory.
 * @param ort the build of onnxruntime-web that the page has; `options` are for its sessions.
 * @throws Error naming the file that cannot be read or is not the one that was exported.
 */
export async function openTeacher(
  files: TeacherFiles,
  ort: OnnxRuntimeWeb,
  options: SessionOptions = {},
): Promise<OpenTeacher> {
  const read = typeof files === 'function' ? files : (name: string) => fetched(files, name);
  const text = new TextDecoder().decode(await read(EXPORTED_TEACHER_FILE));
  const teacher = parseExportedTeacher(text);
  const compiler = webCompiler(teacher, (file) => checked(read, file), ort, options);
  return openExportedTeacher(teacher, compiler);
}

async function fetched(folder: string | URL, name: string): Promise<Uint8Array> {
  const address = `${String(folder).replace(/\/*$/, '')}/${encodeURIComponent(name)}`;
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(
      `"${address}" cannot be read, because the server answers ${response.status}: put the whole folder of the exported teacher there.`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function checked(
  read: (name: string) => Promise<Uint8Array>,
  { name, bytes, sha256 }: ExportedTeacher['weights'],
): Promise<Uint8Array> {
  const content = await read(name);
  // Pages that are neither https nor of this machine have no SHA-256.
  const isSame =
    content.length === bytes && (!globalThis.crypto?.subtle || (await hash(content)) === sha256);
  if (isSame) return content;
  throw new Error(
    `"${name}" is not the file that was exported with the teacher: take all files from one export.`,
  );
}

async function hash(content: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(content));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
