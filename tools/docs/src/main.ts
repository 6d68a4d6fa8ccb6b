import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { referencePages } from './reference-pages';

// `npm run docs:reference`: writes the pages that are made from definitions in the code.
const root = resolve(__dirname, '../../..');

async function main(): Promise<void> {
  for (const [file, text] of await referencePages(root)) {
    writeFileSync(join(root, 'docs', file), text);
  }
}

void main();
