import path from 'node:path';
import { atomicFolder, atomicWriteFile } from '@ar-distill/checkpoints';
import { openUnlinked, type SiteFile, type SiteFiles } from './site-files';

/**
 * Writes a site as a folder for any host; it may lie anywhere there. It appears at once, complete and
 * synced, and nothing remains of what fails.
 *
 * @throws Error when the folder exists; the signal's reason when it is aborted between two files.
 */
export async function writeSite(
  files: SiteFiles,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  await atomicFolder(folder, async (temporary) => {
    for (const [name, content] of files) {
      signal?.throwIfAborted();
      await atomicWriteFile(path.join(temporary, name), piecesOf(content));
    }
  });
}

async function* piecesOf(content: SiteFile): AsyncGenerator<Uint8Array> {
  if ('text' in content) {
    yield Buffer.from(content.text);
    return;
  }
  const handle = await openUnlinked(content.file);
  // It closes the file at its end.
  yield* handle.createReadStream();
}
