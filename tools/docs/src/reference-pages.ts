import { commandLinePage } from './command-line';
import { configurationPage } from './configuration';

/**
 * Pages that are made from definitions in the code: their files below `docs/`, and their text.
 * @param root folder of the repository.
 */
export async function referencePages(root: string): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['command-line.md', await commandLinePage(root)],
    ['configuration.md', await configurationPage(root)],
  ]);
}
