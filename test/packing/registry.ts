import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import type { PackedPackage } from './pack-workspace';

/** A registry of packed packages, on this machine. */
export interface Registry {
  /** Arguments that make npm look for packages of the project here, and for all others where it does. */
  readonly npmArguments: readonly string[];
  close(): Promise<void>;
}

interface Document {
  readonly name: string;
  readonly 'dist-tags': Record<string, string>;
  readonly versions: Record<string, object>;
}

/**
 * Serves packages as a registry does, so that npm resolves and installs them as it will once they are
 * published; of several versions, the last one given is the latest.
 */
export async function startRegistry(packages: readonly PackedPackage[]): Promise<Registry> {
  const documents = new Map<string, Document>();
  const files = new Map(packages.map(({ file }) => [basename(file), file]));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const file = files.get(path.replace(/^tarballs\//, ''));
    const document = documents.get(path);
    if (file !== undefined) response.end(readFileSync(file));
    else if (document)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
    else response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  for (const { name, version, file, integrity } of packages) {
    const document = documents.get(name) ?? { name, 'dist-tags': {}, versions: {} };
    const dist = { tarball: `${url}/tarballs/${basename(file)}`, integrity };
    document.versions[version] = { ...manifestOf(file), dist };
    document['dist-tags']['latest'] = version;
    documents.set(name, document);
  }
  return {
    npmArguments: [`--@ar-distill:registry=${url}`],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function manifestOf(tarball: string): object {
  const text = execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], {
    encoding: 'utf8',
  });
  return JSON.parse(text);
}
