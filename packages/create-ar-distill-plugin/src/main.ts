#!/usr/bin/env node
import { run } from './command';

process.exitCode = run(process.argv.slice(2), {
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
});
