import { mkdir } from 'node:fs/promises';
import type { ProgressReporter } from '@ar-distill/core';
import { describeModelDirectory, waitForLock } from '@ar-distill/runs';
import type { WorkflowContext } from '../context';
import { InvalidOptionError } from '../errors';
import { byteProgress } from '../byte-progress';
import { checkFolderToWrite } from '../settings/check-option';
import { downloadFile } from './download-file';
import { HubClient, type HubFile } from './hub-client';
import { checkedHub, type Hub, type HubModel } from './hub-model';
import { CachedModel } from './model-cache';

const CONFIG = 'config.json';
const INDEX = 'model.safetensors.index.json';
/** What a model directory needs, and the page about it. */
const NEEDED =
  /^(?:config\.json|README\.md|model\.safetensors\.index\.json|model-\d{5}-of-\d{5}\.safetensors)$/;
/** Paths that are absolute, or lead out of a folder, on any system. */
const OUTSIDE = /^[/\\]|^\w:|\\|(?:^|\/)\.\.(?:\/|$)/;

/**
 * The model directory of a model on a hub, in the user's cache: fetched when it is not there yet, else
 * without a request. Of several processes that want the same model one fetches it, and the others wait.
 * What was interrupted goes on where it stopped.
 *
 * @throws InvalidOptionError when the hub has no such model, it may not be read, is none of AR-Distill's, or
 *   the cache cannot be written; Error when it cannot be reached, or a file arrives damaged; the signal's
 *   reason when it is aborted.
 */
export async function fetchModel(
  from: Hub,
  model: HubModel,
  { progress, signal }: Pick<WorkflowContext, 'progress' | 'signal'>,
): Promise<string> {
  const hub = checkedHub(from);
  const cached = new CachedModel(hub, model);
  const known = cached.find();
  if (known !== undefined) return known;
  checkFolderToWrite(cached.folder);
  await mkdir(cached.folder, { recursive: true });
  const lock = await waitForLock(cached.folder, {
    signal,
    onWait: (sentence) => progress.message(sentence),
    subject: 'model',
  });
  try {
    const fetched = cached.find();
    if (fetched !== undefined) return fetched;
    const client = new HubClient(hub, model, signal);
    const commit = await client.commit();
    let folder = cached.findCommit(commit);
    if (folder === undefined) {
      await fetchFiles(client, model, commit, cached.unfinished(commit), progress);
      lock.assertHeld();
      folder = await cached.finish(commit);
    }
    await cached.remember(commit);
    return folder;
  } finally {
    await lock.release();
  }
}

async function fetchFiles(
  client: HubClient,
  model: HubModel,
  commit: string,
  folder: string,
  progress: ProgressReporter,
): Promise<void> {
  const files = neededFiles(model, await client.files(commit));
  await mkdir(folder, { recursive: true });
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const show = byteProgress(progress, 'fetch', total);
  let before = 0;
  for (const file of files) {
    await downloadFile(
      file,
      folder,
      (first) => client.open(commit, file, first),
      (bytes) => show(before + bytes),
    );
    before += file.size;
    // Before gigabytes of something else are fetched.
    if (file.path === CONFIG) await requireOwnModel(model, folder);
  }
}

/**
 * The files that make a model directory, what describes it first.
 * @throws InvalidOptionError when they are not there; Error when a file would lie outside of the folder.
 */
function neededFiles({ name }: HubModel, files: readonly HubFile[]): readonly HubFile[] {
  const outside = files.find(({ path }) => OUTSIDE.test(path));
  if (outside) {
    throw new Error(
      `The model "${name}" has a file "${outside.path}", which would lie outside of its folder: name another model.`,
    );
  }
  const needed = files.filter(({ path }) => NEEDED.test(path));
  const missing = [CONFIG, INDEX].find((file) => !needed.some(({ path }) => path === file));
  if (missing !== undefined) {
    throw new InvalidOptionError(
      `The model "${name}" has no "${missing}", so that it is none of AR-Distill's: name another, or make it one with "ar-distill import".`,
    );
  }
  const isConfig = ({ path }: HubFile): boolean => path === CONFIG;
  return [...needed.filter(isConfig), ...needed.filter((file) => !isConfig(file))];
}

async function requireOwnModel({ name }: HubModel, folder: string): Promise<void> {
  try {
    await describeModelDirectory(folder);
  } catch (cause) {
    throw new InvalidOptionError(
      `The config.json of "${name}" is none that this version of AR-Distill can read: name another model, or make it one with "ar-distill import".`,
      { cause },
    );
  }
}
