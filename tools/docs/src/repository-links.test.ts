import { repositoryLink } from './repository-links';

it.each([
  ['index.md', '../CONTRIBUTING.md#pull-requests', 'CONTRIBUTING.md#pull-requests'],
  ['studies/README.md', '../../packages/engine', 'packages/engine'],
  ['concepts.md', 'studies/gts.yaml', 'docs/studies/gts.yaml'],
])('a link on %s to %s leads to the repository', (page, href, path) => {
  expect(repositoryLink(page, href)).toBe(
    `https://github.com/ar-distill/ar-distill/blob/main/${path}`,
  );
});

it.each([
  ['index.md', 'studies/README.md'],
  ['index.md', 'comparison.md#the-paper'],
  ['studies/README.md', '../mnist/report.md'],
  ['index.md', '#install'],
  ['index.md', 'https://arxiv.org/abs/2510.21003'],
])('a link on %s to %s stays what it is', (page, href) => {
  expect(repositoryLink(page, href)).toBeUndefined();
});
