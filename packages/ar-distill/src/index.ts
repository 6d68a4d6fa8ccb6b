export * from './commands/environment';
export { createProgram, runCli } from './commands/program';
export * from './errors';
