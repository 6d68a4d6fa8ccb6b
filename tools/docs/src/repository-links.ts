import { posix } from 'node:path';

/** Where the files are that are no pages of the site. */
const REPOSITORY = 'https://github.com/ar-distill/ar-distill/blob/main';

/**
 * The address of a file of the repository that a link on a page leads to; undefined for all other links, among them
 * those to pages, which the site has.
 *
 * @param page the page's path below `docs/`.
 */
export function repositoryLink(page: string, href: string): string | undefined {
  if (/^[a-z]+:|^[/#]/.test(href)) return undefined;
  const path = posix.join('docs', posix.dirname(page), href);
  const isPage = path.startsWith('docs/') && /\.md(?:#|$)/.test(path);
  return isPage ? undefined : `${REPOSITORY}/${path}`;
}
