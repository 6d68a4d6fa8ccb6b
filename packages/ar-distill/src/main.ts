#!/usr/bin/env node
import * as workflows from '@ar-distill/workflows';
import { fetchingWorkflows } from './commands/fetching-workflows';
import { runCli } from './commands/program';
import { createContainer } from './container';
import { EXIT } from './errors';
import { hubOf } from './hub';
import { ignoreLostReaders } from './lost-readers';
import { watchStrayErrors } from './stray-errors';
import { workingFolder } from './working-folder';

const output = ignoreLostReaders(process.stdout, process.stderr);
watchStrayErrors(process.stderr, process.env);

const cwd = workingFolder();
if (cwd === undefined) {
  process.stderr.write('Error: The working folder is gone: change to one that is there.\n');
  process.exitCode = EXIT.failure;
} else {
  void runCli(process.argv.slice(2), {
    cwd,
    variables: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    workflows: fetchingWorkflows(workflows, hubOf(process.env)),
    createContainer,
  }).then((code) => {
    // An end of itself stops ignoring signals while native code is still being taken down.
    if (code === EXIT.interrupted) process.exit(code);
    process.exitCode = code;
  });
  // What was written last fails when the command is over.
  process.on('exit', (code) => {
    if (output.failed && code === EXIT.success) process.exitCode = EXIT.failure;
  });
}
