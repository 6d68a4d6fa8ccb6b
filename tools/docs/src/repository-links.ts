import { posix } from 'node:path';

/** Where the files are that are no pages of the site. */
const REPOSITORY = 'https://github.com/ar-distill/ar-distill/blob/main';

/**
 * The address of what a link on a page leads to outside of `docs/`; undefined for all other links, which the site
 * has pages for.
 *
 * @param page the page's path below `docs/`.
 */
export function repositoryLink(page: string, href: string): string | undefined {
  if (/^[a-z]+:|^[/#]/.test(href)) return undefined;
  const path = posix.join('docs', posix.dirname(page), href);
  return path.startsWith('docs/') ? undefined : `${REPOSITORY}/${path}`;
}
