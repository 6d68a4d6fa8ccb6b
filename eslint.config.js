'use strict';
const { builtinModules } = require('node:module');
const nx = require('@nx/eslint-plugin');
const tseslint = require('typescript-eslint');
const prettier = require('eslint-config-prettier');

// The module boundary rule reads nx's cached project graph and silently skips itself when there is
// none (a fresh clone, a cleaned cache): compute it here, so that every way to start eslint has it.
process.env.NX_DAEMON ??= 'false';
const { createProjectGraphAsync } = require('nx/src/devkit-exports');

const only = (...tags) => tags;
const constraint = (sourceTag, onlyDependOnLibsWithTags, bannedExternalImports = []) => ({
  sourceTag,
  onlyDependOnLibsWithTags,
  ...(bannedExternalImports.length ? { bannedExternalImports } : {}),
});
const ORT = 'onnxruntime-node';
const DI = 'tsyringe';

const DEEP_IMPORT = {
  regex: '^@ar-distill/[^/]+/(?!package\\.json$)',
  message: 'A package is imported through its one public entry.',
};
const NODE_BUILTIN = {
  regex: `^(node:|(${builtinModules.join('|')})(/|$))`,
  message: 'core and nn run on any platform: take what the platform gives as a port.',
};

const config = tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', 'runs/**', 'out/**'] },
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
          depConstraints: [
            constraint('package:nn', only(), [ORT, DI]),
            constraint('package:engine', only(), [DI]),
            constraint('package:core', only('package:nn'), [ORT, DI, 'node:*']),
            constraint('package:checkpoints', only('package:nn'), [ORT, DI]),
            constraint('package:runs', only('package:core', 'package:nn', 'package:checkpoints'), [
              ORT,
              DI,
            ]),
            constraint(
              'package:metrics',
              only('package:core', 'package:nn', 'package:checkpoints'),
              [ORT, DI],
            ),
            constraint('package:datasets', only(), [ORT, DI]),
            constraint(
              'package:di',
              only(
                'package:core',
                'package:nn',
                'package:engine',
                'package:runs',
                'package:metrics',
                'package:checkpoints',
                'package:datasets',
              ),
              [ORT],
            ),
            constraint(
              'package:cli',
              only(
                'package:core',
                'package:nn',
                'package:engine',
                'package:runs',
                'package:metrics',
                'package:checkpoints',
                'package:datasets',
                'package:di',
              ),
              [ORT],
            ),
            constraint('kind:plugin', only('package:core', 'package:nn', 'package:checkpoints'), [
              ORT,
            ]),
            constraint('kind:tool', only('*')),
          ],
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
    files: ['packages/core/src/**/*.ts', 'packages/nn/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [DEEP_IMPORT, NODE_BUILTIN] }],
    },
  },
  {
    files: ['**/*.js'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  prettier,
);

module.exports = createProjectGraphAsync({ exitOnError: false }).then(() => config);
