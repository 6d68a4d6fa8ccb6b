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
const ES_MODULES = 'leven|markdown-table|parse-ms|pretty-ms';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/tools/jest/environment.js',
  testEnvironmentOptions: {
    customExportConditions: ['@ar-distill/source', 'umd', 'require', 'node', 'default'],
  },
  roots: ['<rootDir>/packages', '<rootDir>/plugins', '<rootDir>/test', '<rootDir>/tools'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.ts$': swc('typescript'),
    [`/node_modules/(${ES_MODULES})/.+\\.js$`]: swc('ecmascript'),
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES})/)`],
  maxWorkers: 2,
  testTimeout: 60000,
};
