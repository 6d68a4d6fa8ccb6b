import { existsSync, readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { atomicWriteFile, syncFolder } from '@ar-distill/checkpoints';
import { COMMIT } from './hub-client';
import type { Hub, HubModel } from './hub-model';

/**
 * A model in the user's cache, `HOST/ORG/NAME`: a model directory for every commit that was fetched, which
 * appears at once when it is complete, and in `refs` the commits that branches and tags stood for.
 */
export class CachedModel {
  /** Holds all of it; it need not be there. */
  readonly folder: string;

  constructor(
    { cache, endpoint }: Hub,
    private readonly model: HubModel,
  ) {
    const host = encodeURIComponent(new URL(endpoint).host);
    this.folder = path.join(cache, host, model.name);
  }

  /**
   * The model directory of the revision; undefined when it was not fetched yet. A branch or a tag stays at
   * the commit that it stood for when it was fetched, so that the same name means the same model.
   */
  find(): string | undefined {
    const { revision } = this.model;
    const commit = COMMIT.test(revision) ? revision : this.knownCommit();
    return commit === undefined ? undefined : this.findCommit(commit);
  }

  /** The model directory of a commit; undefined when it was not fetched yet. */
  findCommit(commit: string): string | undefined {
    const folder = path.join(this.folder, commit);
    return existsSync(folder) ? folder : undefined;
  }

  /** Where files of a commit are put until all are there. */
  unfinished(commit: string): string {
    return path.join(this.folder, `${commit}.unfinished`);
  }

  /** Makes a model directory of what is unfinished; returns it. */
  async finish(commit: string): Promise<string> {
    const folder = path.join(this.folder, commit);
    await rename(this.unfinished(commit), folder);
    await syncFolder(this.folder);
    return folder;
  }

  /** Keeps which commit the revision stands for. */
  async remember(commit: string): Promise<void> {
    if (commit === this.model.revision) return;
    await atomicWriteFile(this.reference(), Buffer.from(`${commit}\n`));
  }

  private knownCommit(): string | undefined {
    const file = this.reference();
    if (!existsSync(file)) return undefined;
    const commit = readFileSync(file, 'utf8').trim();
    return COMMIT.test(commit) ? commit : undefined;
  }

  /** Branches may have slashes in their names. */
  private reference(): string {
    return path.join(this.folder, 'refs', encodeURIComponent(this.model.revision));
  }
}
