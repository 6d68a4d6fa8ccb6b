#!/usr/bin/env node
import * as workflows from '@ar-distill/workflows';
import { runCli } from './commands/program';
import { createContainer } from './container';
import { ignoreLostReaders } from './lost-readers';

const output = ignoreLostReaders(process.stdout, process.stderr);

void runCli(process.argv.slice(2), {
  cwd: process.cwd(),
  variables: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  workflows,
  createContainer,
}).then((code) => {
  process.exitCode = output.failed && code === 0 ? 1 : code;
});
