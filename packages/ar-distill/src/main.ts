#!/usr/bin/env node
import * as workflows from '@ar-distill/workflows';
import { runCli } from './commands/program';
import { createContainer } from './container';

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
  workflows,
  createContainer,
}).then((code) => {
  process.exitCode = code;
});
