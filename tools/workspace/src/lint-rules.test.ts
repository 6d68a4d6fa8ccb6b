import { deepImportPattern, nodeModulePattern } from './lint-rules';
import type { Manifest } from './packages';

const offering = (name: string, exports: Manifest['exports']) => ({
  kind: 'packages' as const,
  folder: name,
  directory: `/packages/${name}`,
  manifest: { name, version: '1.0.0', ...(exports && { exports }) },
});

describe('the pattern of deep imports', () => {
  const pattern = new RegExp(
    deepImportPattern([
      offering('@me/core', { '.': {}, './math': {}, './package.json': './package.json' }),
      offering('me', { '.': {} }),
      offering('@me/closed', undefined),
    ]).regex,
  );

  it.each(['@me/core', '@me/core/math', '@me/core/package.json', 'me'])('permits %s', (name) => {
    expect(name).not.toMatch(pattern);
  });

  it.each([
    '@me/core/maths',
    '@me/core/math/inner',
    '@me/core/src/index',
    '@me/core/',
    'me/math',
    '@me/closed',
  ])('refuses %s', (name) => {
    expect(name).toMatch(pattern);
  });

  it.each(['@me/core-tools', 'me-too', 'some', './me', '@me/other'])('ignores %s', (name) => {
    expect(name).not.toMatch(pattern);
  });
});

it('the pattern of Node modules knows them with and without "node:"', () => {
  const pattern = new RegExp(nodeModulePattern().regex);
  for (const name of ['node:fs', 'node:test', 'fs', 'fs/promises']) expect(name).toMatch(pattern);
  for (const name of ['fs-extra', './fs', '@me/fs']) expect(name).not.toMatch(pattern);
});
