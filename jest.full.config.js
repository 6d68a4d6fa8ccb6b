'use strict';
const config = require('./jest.config');

// The tests that take too long for every run, by themselves: `npm run test:full`.
/** @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: ['**/*.full.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  maxWorkers: 1,
};
