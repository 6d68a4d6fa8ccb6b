import type { FileHandle } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PAGE_POLICY } from './content-security-policy';
import { openUnlinked, type SiteFile, type SiteFiles } from './site-files';

/** The only interface that it listens on. */
const LOOPBACK = '127.0.0.1';

/** By the ends of names; anything else is bytes. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Of every answer. The page is isolated, so that WebAssembly may have threads. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `${PAGE_POLICY}; frame-ancestors 'none'`,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** What is built has a hash of its content in its name. */
const HASHED = /^assets\//;

/** A site that is being served. */
export interface ServedSite {
  readonly url: string;
  /** Ends at once, with all connections. */
  close(): Promise<void>;
}

/**
 * Serves a site on the loopback interface alone, to whoever asks for it by that name: other `Host` headers
 * are refused, so that no page of the web can reach it under a name of its own (DNS rebinding).
 *
 * @param port 0 takes any that is free.
 * @throws the system's error, with its code, when the port cannot be taken.
 */
export async function serveSite(files: SiteFiles, port: number): Promise<ServedSite> {
  const server = createServer((request, response) => {
    answer(files, hostsOf(server), request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  return {
    url: `http://${LOOPBACK}:${portOf(server)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function hostsOf(server: Server): readonly string[] {
  const port = portOf(server);
  const names = [LOOPBACK, 'localhost'];
  // Browsers leave the usual port out.
  return names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
}

async function answer(
  files: SiteFiles,
  hosts: readonly string[],
  { method, url = '', headers: { host = '' } }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (!hosts.includes(host.toLowerCase())) {
    return refuse(response, 421, 'This server answers to its own name alone.');
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'This server can be read alone.');
  }
  // Names are compared as they are, never decoded or resolved: what is no file of the site is not found.
  const [name] = url.slice(1).split('?', 1) as [string];
  const place = name === '' ? 'index.html' : name;
  const content = files.get(place);
  if (!content) return refuse(response, 404, 'There is no such file here.');
  const source = await openSource(content);
  if (!source) return refuse(response, 404, 'This file is not here any more.');
  response.setHeader('Content-Type', TYPES[path.extname(place)] ?? 'application/octet-stream');
  response.setHeader(
    'Cache-Control',
    HASHED.test(place) ? 'max-age=31536000, immutable' : 'no-cache',
  );
  await send(source, method === 'HEAD', response);
}

/** Undefined when the file is gone, or has become something else. */
async function openSource(content: SiteFile): Promise<FileHandle | string | undefined> {
  return 'text' in content ? content.text : openUnlinked(content.file).catch(() => undefined);
}

async function send(
  source: FileHandle | string,
  isHead: boolean,
  response: ServerResponse,
): Promise<void> {
  if (typeof source === 'string') {
    response.setHeader('Content-Length', Buffer.byteLength(source));
    response.end(isHead ? undefined : source);
    return;
  }
  try {
    response.setHeader('Content-Length', (await source.stat()).size);
    if (isHead) response.end();
    else await pipeline(source.createReadStream({ autoClose: false }), response);
  } finally {
    await source.close();
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}
