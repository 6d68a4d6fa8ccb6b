'use strict';
const { relative } = require('node:path');

require('./tools/jest/register.js');
const { entriesOf, workspacePackages } = require('./tools/workspace/src/packages.ts');

const entries = workspacePackages('packages', 'plugins').flatMap(entriesOf);

// The reference of everything that the published packages export: `npm run docs:api`.
/** @type {Partial<import('typedoc').TypeDocOptions>} */
module.exports = {
  name: 'AR-Distill',
  readme: 'README.md',
  entryPoints: entries.map(({ source }) => relative(__dirname, source)),
  tsconfig: 'tsconfig.json',
  out: 'docs/api',
  excludeInternal: true,
  disableSources: true,
  treatWarningsAsErrors: true,
};
