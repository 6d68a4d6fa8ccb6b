import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePages } from '@ar-distill/docs';
import { ROOT } from '@ar-distill/workspace';

it('the pages of commands and settings are what npm run docs:reference writes', async () => {
  const pages = await referencePages(ROOT);
  expect([...pages.keys()]).toEqual(['command-line.md', 'configuration.md']);
  for (const [file, text] of pages) {
    expect(readFileSync(join(ROOT, 'docs', file), 'utf8')).toBe(text);
  }
});
