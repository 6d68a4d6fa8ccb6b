'use strict';
const nx = require('@nx/eslint-plugin');
const tseslint = require('typescript-eslint');
const prettier = require('eslint-config-prettier');

// The module boundary rule reads nx's cached project graph and silently skips itself when there is
// none (a fresh clone, a cleaned cache): compute it here, so that every way to start eslint has it.
process.env.NX_DAEMON ??= 'false';
const { createProjectGraphAsync } = require('nx/src/devkit-exports');

// Who may import whom stands in tools/workspace/rooms.json and in the manifests.
require('./tools/jest/register.js');
const rules = require('./tools/workspace/src/lint-rules.ts');

const { workspacePackages } = require('./tools/workspace/src/packages.ts');

const DEEP_IMPORT = rules.deepImportPattern(workspacePackages('packages', 'plugins', 'tools'));

const config = tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '.venv/**',
      'runs/**',
      'out/**',
      'docs/api/**',
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-imports': ['error', { patterns: [DEEP_IMPORT] }],
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: true,
          allow: [],
          depConstraints: rules.dependencyConstraints(),
        },
      ],
      // Noise drawn while a step is traced would freeze into a constant: it has to be an input.
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "MemberExpression[object.name='tf'][property.name=/^(random.*|dropout|truncatedNormal|multinomial|rand)$/]",
          message:
            'Random numbers inside traced code freeze into constants: make them an input of the step.',
        },
      ],
    },
  },
  {
    files: rules.portableSources(),
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [DEEP_IMPORT, rules.nodeModulePattern()] }],
      'no-restricted-globals': ['error', ...rules.NODE_GLOBALS],
    },
  },
  {
    // Tests across packages may look into one of them by a relative path, and so does what writes the pages
    // of its commands; a template is no part of the package that writes it.
    files: ['test/**/*.ts', 'tools/docs/**/*.ts', 'packages/*/template/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off' },
  },
  {
    files: ['**/*.js'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  prettier,
);

module.exports = createProjectGraphAsync({ exitOnError: false }).then(() => config);
