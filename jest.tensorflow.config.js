'use strict';
const config = require('./jest.config');

// The tests of TensorFlow's backend, which has to be built first: `npm run test:tensorflow`.
/** @type {import('jest').Config} */
module.exports = {
  ...config,
  testMatch: ['**/*.tensorflow.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  maxWorkers: 1,
};
