#!/usr/bin/env node
import { createContainer } from '@ar-distill/di';
import { join } from 'node:path';
import { runCli } from './commands/program';
import * as recipes from './recipes/index';

// A reader that stops early (`ar-distill plugins | head -1`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

void runCli(process.argv.slice(2), {
  cwd: process.cwd(),
  variables: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  recipes,
  // The folder of this package, from its sources as well as built.
  createContainer: (options) => createContainer({ ...options, application: join(__dirname, '..') }),
}).then((code) => {
  process.exitCode = code;
});
