import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '@ar-distill/workspace';
import { fencesOf } from './markdown-pages';

/** The program that the page of the library shows in pieces. */
export function libraryExamples(): string {
  return fencesOf(readFileSync(join(ROOT, 'docs/library.md'), 'utf8'))
    .filter(({ language }) => language === 'js')
    .map(({ code }) => code)
    .join('');
}
