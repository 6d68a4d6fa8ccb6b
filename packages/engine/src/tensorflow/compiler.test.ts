import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownNodeHeaders } from './compiler';

let folder: string;
let node: string;
const [major] = process.versions.node.split('.').map(Number) as [number];

function writeHeaders(files: Readonly<Record<string, string>>): void {
  const headers = join(folder, 'include/node');
  mkdirSync(headers, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(headers, name), text);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ar-distill-headers-'));
  node = join(folder, 'bin/node');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('takes the headers beside Node', () => {
  writeHeaders({
    'node_api.h': '',
    'node_version.h': `#define NODE_MAJOR_VERSION ${major}\n#define NODE_MINOR_VERSION 0\n`,
  });
  expect(ownNodeHeaders(node)).toBe(join(folder, 'include/node'));
});

it.each([
  ['of an older Node', { 'node_version.h': '#define NODE_MAJOR_VERSION 12\n' }],
  [
    'of a Node whose version begins alike',
    { 'node_version.h': `#define NODE_MAJOR_VERSION ${major}0\n` },
  ],
  ['of nobody knows which Node', {}],
])('takes no headers %s', (_, files) => {
  writeHeaders({ 'node_api.h': '', ...files });
  expect(ownNodeHeaders(node)).toBeUndefined();
});

it('takes none where there are none', () => {
  expect(ownNodeHeaders(node)).toBeUndefined();
});
