import { defineConfig, type MarkdownOptions } from 'vitepress';
import { MENU } from '../src/navigation.js';
import { repositoryLink } from '../src/repository-links.js';
import { slugOf } from '../src/slug.js';

/** Leads links to files of the repository that are no pages to where the repository is. */
const withRepositoryLinks: NonNullable<MarkdownOptions['config']> = (markdown) => {
  markdown.core.ruler.push('repository_links', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      const address = href === null ? undefined : repositoryLink(env.relativePath, href);
      if (address !== undefined) token.attrSet('href', address);
    }
  });
};

// The site is made of docs/*.md as they are: `npm run docs:site`. It asks nothing of other hosts.
export default defineConfig({
  title: 'AR-Distill',
  description: 'One-step generators distilled from image auto-regressive models',
  srcDir: '../../docs',
  outDir: 'dist',
  srcExclude: ['api/**'],
  markdown: { anchor: { slugify: slugOf }, config: withRepositoryLinks },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Concepts', link: '/concepts' },
      { text: 'Command line', link: '/command-line' },
      { text: 'Configuration', link: '/configuration' },
    ],
    sidebar: MENU.map(({ text, pages }) => ({
      text,
      items: pages.map(({ text: name, page }) => ({
        text: name,
        link: page === 'index' ? '/' : `/${page}`,
      })),
    })),
  },
});
