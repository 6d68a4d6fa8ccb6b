import { z } from 'zod';
import { InvalidOptionError } from '../errors';
import type { Hub, HubModel } from './hub-model';

/** A commit, as hubs write it. */
export const COMMIT = /^[0-9a-f]{40}$/;

/** A file of a model, as the hub lists it. */
export interface HubFile {
  /** Path in the model. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal checksum: SHA-256 of the bytes, or Git's SHA-1 of them as a blob. */
  readonly checksum: { readonly kind: 'sha256' | 'git'; readonly value: string };
}

/** Bytes of a file from `first` on: the server may begin at 0 whatever it was asked for. */
export interface FileBytes {
  readonly first: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** What a hub says of a file; large files have their SHA-256 beside the checksum of Git. */
const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.int().min(0),
  oid: z.string().regex(COMMIT),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) }).optional(),
});

/** Asks a hub for one model. Whatever goes wrong is an error whose sentence names the model and the mend. */
export class HubClient {
  /** What `request` threw last: the library passes it on as it is. */
  private failure: unknown;

  constructor(
    private readonly hub: Hub,
    private readonly model: HubModel,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The commit that the revision stands for by now.
   * @throws InvalidOptionError when there is no such model or revision, or it may not be read.
   */
  async commit(): Promise<string> {
    const { name, revision } = this.model;
    const { sha } = await this.asked(({ modelInfo }) =>
      modelInfo({ name, revision, additionalFields: ['sha'], ...this.access() }),
    );
    // It becomes the name of a folder.
    if (!COMMIT.test(sha) || (COMMIT.test(revision) && sha !== revision))
      throw this.notUnderstood();
    return sha;
  }

  /** The files in the model's own folder, none of those below it. */
  async files(commit: string): Promise<readonly HubFile[]> {
    const listed = await this.asked(async ({ listFiles }) => {
      const entries: z.output<typeof entrySchema>[] = [];
      for await (const entry of listFiles({ ...this.place(commit), ...this.access() })) {
        entries.push(entrySchema.parse(entry));
      }
      return entries;
    });
    return listed
      .filter(({ type }) => type === 'file')
      .map(({ path, size, oid, lfs }) =>
        lfs
          ? { path, size: lfs.size, checksum: { kind: 'sha256', value: lfs.oid } }
          : { path, size, checksum: { kind: 'git', value: oid } },
      );
  }

  /** Opens a file for reading from byte `first`, which it has, on. */
  async open(commit: string, { path }: HubFile, first: number): Promise<FileBytes> {
    const info = await this.asked(({ fileDownloadInfo }) =>
      fileDownloadInfo({ ...this.place(commit), path, ...this.access() }),
    );
    if (!info) throw this.notUnderstood();
    const headers = { range: `bytes=${first}-` };
    const { status, body } = await this.request(info.url, first > 0 ? { headers } : {});
    if (!body) throw this.notUnderstood();
    return { first: status === 206 ? first : 0, pieces: this.piecesOf(body) };
  }

  /** Asks by the library, whose own complaints about an answer name neither the model nor a mend. */
  private async asked<T>(
    work: (library: typeof import('@huggingface/hub')) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(await import('@huggingface/hub'));
    } catch (error) {
      throw error === this.failure ? error : this.notUnderstood(error);
    }
  }

  private place(commit: string) {
    return { repo: { type: 'model', name: this.model.name }, revision: commit } as const;
  }

  /** The token is added by `request`: the library would send it to whatever host a file lies on. */
  private access() {
    return { hubUrl: this.hub.endpoint, fetch: this.request };
  }

  private readonly request = async (
    input: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> => {
    try {
      return await this.answer(input, init);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  };

  private async answer(input: string | URL | Request, init: RequestInit): Promise<Response> {
    const { endpoint, token } = this.hub;
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    if (token !== undefined && url.origin === new URL(endpoint).origin) {
      headers.set('authorization', `Bearer ${token}`);
    }
    const response = await this.connected(() =>
      fetch(input, { ...init, headers, signal: this.signal }),
    );
    if (response.ok) return response;
    await response.body?.cancel();
    throw this.refusal(response);
  }

  private async *piecesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const pieces = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.connected(() => pieces.next());
        if (done) return;
        yield value;
      }
    } finally {
      await pieces.return?.();
    }
  }

  private async connected<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      this.signal.throwIfAborted();
      throw new Error(
        `The model "${this.model.name}" cannot be fetched, because the connection to ${this.hub.endpoint} fails: go online and do the same again, or name a revision that was fetched before.`,
        { cause },
      );
    }
  }

  private refusal({ status, headers }: Response): Error {
    const { name, revision } = this.model;
    const { endpoint, token } = this.hub;
    const reason = headers.get('x-error-code');
    if (reason === 'GatedRepo') {
      return new InvalidOptionError(
        `The model "${name}" is gated: accept its terms on ${endpoint}/${name}, and set HF_TOKEN to a token of yours.`,
      );
    }
    if (reason === 'RevisionNotFound') {
      return new InvalidOptionError(
        `The model "${name}" has no revision "${revision}": name a branch, a tag or a commit of it.`,
      );
    }
    if (status === 401 && reason === null && token !== undefined) {
      return new InvalidOptionError(
        `${endpoint} does not take the token in HF_TOKEN: renew it, or unset it for models that everybody may read.`,
      );
    }
    if (reason === 'RepoNotFound' || status === 401 || status === 403 || status === 404) {
      return new InvalidOptionError(
        `There is no model "${name}" on ${endpoint}, or not for everybody: check its name, or set HF_TOKEN to a token that may read it.`,
      );
    }
    return new Error(
      `${endpoint} answers with status ${status} when it is asked for the model "${name}": try again later.`,
    );
  }

  private notUnderstood(cause?: unknown): Error {
    const { endpoint } = this.hub;
    return new Error(
      `${endpoint} says things about the model "${this.model.name}" that make no sense: set HF_ENDPOINT to a server that speaks as https://huggingface.co does.`,
      { cause },
    );
  }
}
