import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** What a hub says of a file. */
interface Entry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

const sum = (kind: string, ...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash(kind);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Weights are stored apart from Git, everything else in it. */
function entryOf(name: string, bytes: Uint8Array): Entry {
  const size = bytes.length;
  if (!name.endsWith('.safetensors')) {
    return { type: 'file', path: name, size, oid: sum('sha1', `blob ${size}\0`, bytes) };
  }
  const oid = sum('sha256', bytes);
  const lfs = { oid, size, pointerSize: 134 };
  return { type: 'file', path: name, size, oid: sum('sha1', oid), lfs };
}

/**
 * One model, served in this process as https://huggingface.co serves models: information about a revision,
 * the tree of a commit, and files, of which the weights come from another origin.
 */
export class HubServer {
  /** Method and path of every request, in order. */
  readonly requests: string[] = [];
  /** First byte that was asked for, of every request for more than a file's first byte. */
  readonly ranges: string[] = [];
  /** Commits by branch and tag. */
  readonly revisions: Record<string, string> = {};
  /** Changes what is listed. */
  relist: (entries: readonly Entry[]) => readonly unknown[] = (entries) => entries;
  /** Changes what is sent of a file. */
  resend: (name: string, bytes: Uint8Array) => Uint8Array = (_name, bytes) => bytes;
  /** Bytes after which connections break. */
  breaksAfter = Infinity;
  takesRanges = true;
  /** What every request is answered with, instead of anything. */
  failure: { readonly status: number; readonly code?: string } | undefined;
  /** Of the only user who may read the model; everybody may without one. */
  token: string | undefined;
  /** Whether the token came to the origin of the weights. */
  hasLeaked = false;

  private readonly files: Readonly<Record<string, Uint8Array>>;
  private constructor(
    private readonly server: Server,
    private readonly name: string,
    folder: string,
  ) {
    const names = readdirSync(folder);
    this.files = {
      ...Object.fromEntries(names.map((file) => [file, readFileSync(path.join(folder, file))])),
      'README.md': Buffer.from('# Digits\n'),
      'preview.png': Buffer.from('no picture'),
    };
    server.on('request', (request, response) => this.answer(request, response));
  }

  /** Serves the model directory in `folder` as `name`. */
  static async start(name: string, folder: string): Promise<HubServer> {
    const server = createServer();
    const hub = new HubServer(server, name, folder);
    await new Promise<void>((resolve) => server.listen(0, resolve));
    return hub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, this.endpoint);
    this.requests.push(`${request.method} ${pathname}`);
    if (this.failure) return refuse(response, this.failure.status, this.failure.code);
    const weights = /^\/weights\/(.+)$/.exec(pathname)?.[1];
    if (weights !== undefined) {
      this.hasLeaked ||= request.headers.authorization !== undefined;
      return this.send(request, response, weights);
    }
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      return refuse(response, 401, 'GatedRepo');
    }
    const [, , about, revision, rest] =
      new RegExp(`^/(api/models/)?${this.name}/(revision|tree|resolve)/([^/]+)(?:/(.+))?$`).exec(
        pathname,
      ) ?? [];
    if (about === undefined || revision === undefined) return refuse(response, 404, 'RepoNotFound');
    const known = decodeURIComponent(revision);
    const commit = this.revisions[known] ?? known;
    if (!Object.values(this.revisions).includes(commit)) {
      return refuse(response, 404, 'RevisionNotFound');
    }
    if (about === 'revision') return json(response, information(this.name, commit));
    if (about === 'tree') {
      const entries = Object.entries(this.files).map(([name, bytes]) => entryOf(name, bytes));
      const folder = { type: 'directory', path: 'onnx', size: 0, oid: sum('sha1', 'onnx') };
      return json(response, this.relist([folder, ...entries]));
    }
    if (rest === undefined || !this.files[rest]) return refuse(response, 404, 'EntryNotFound');
    if (rest.endsWith('.safetensors')) {
      // Another origin: files are stored elsewhere.
      response.writeHead(302, { location: `http://localhost:${this.port}/weights/${rest}` }).end();
      return;
    }
    this.send(request, response, rest);
  }

  private send(request: IncomingMessage, response: ServerResponse, name: string): void {
    const bytes = this.resend(name, this.files[name]!);
    const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (start !== undefined && end === '') this.ranges.push(`${name} ${start}`);
    // Information about a file is asked for by its first byte, which every server gives.
    const isPart = start !== undefined && (this.takesRanges || end === '0');
    const first = isPart ? Number(start) : 0;
    const part = bytes.subarray(first, isPart && end ? Number(end) + 1 : bytes.length);
    response.writeHead(isPart ? 206 : 200, {
      etag: `"${sum('sha256', bytes)}"`,
      ...(isPart
        ? { 'content-range': `bytes ${first}-${first + part.length - 1}/${bytes.length}` }
        : {}),
    });
    if (part.length <= this.breaksAfter) return void response.end(part);
    response.write(part.subarray(0, this.breaksAfter), () => response.destroy());
  }
}

function information(name: string, sha: string): object {
  return { _id: '1', id: name, sha, private: false, gated: false, downloads: 0, likes: 0 };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code?: string): void {
  response.writeHead(status, code === undefined ? {} : { 'x-error-code': code }).end('{}');
}
