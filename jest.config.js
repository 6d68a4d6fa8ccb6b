const swc = (parser) => [
  '@swc/jest',
  {
    jsc: { parser: { syntax: parser }, target: 'es2022' },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];
// Node loads ES modules with `require`; jest cannot. Those of d3 have a second build, under the
// condition `umd`, and these become CommonJS for it.
const ES_MODULES = 'global-directory|leven|markdown-table|parse-ms|pretty-ms';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/tools/jest/environment.js',
  testEnvironmentOptions: {
    customExportConditions: ['@ar-distill/source', 'umd', 'require', 'node', 'default'],
    // The environments of a worker share typed arrays with it (tools/jest/environment.js). The cleanup
    // would wrap their properties once more for every test file, until the stack overflows.
    globalsCleanup: 'off',
  },
  roots: ['<rootDir>/packages', '<rootDir>/plugins', '<rootDir>/test', '<rootDir>/tools'],
  testMatch: ['**/*.test.ts'],
  // jest.full.config.js and jest.tensorflow.config.js run those of the last two kinds.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/dist/',
    '\\.full\\.test\\.ts$',
    '\\.tensorflow\\.test\\.ts$',
  ],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.ts$': swc('typescript'),
    [`/node_modules/(${ES_MODULES})/.+\\.js$`]: swc('ecmascript'),
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES})/)`],
  maxWorkers: 2,
  testTimeout: 300_000,
};
