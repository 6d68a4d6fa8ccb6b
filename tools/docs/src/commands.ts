import * as workflows from '@ar-distill/workflows';
import type { Command } from 'commander';
import { createContainer } from 'ar-distill';
import { createProgram } from '../../../packages/ar-distill/src/commands/program';

/** A command that does something, and does not only name others. */
export interface NamedCommand {
  /** `train tokenizer`. */
  readonly path: string;
  readonly command: Command;
}

/**
 * The program with all commands, as the installed one defines them; none of them is run.
 *
 * @param cwd the folder whose plugins are named in examples.
 * @param write takes the text of help.
 */
export function programIn(cwd: string, write: (text: string) => void = () => undefined): Command {
  const output = { write };
  return createProgram({
    cwd,
    variables: {},
    stdout: output,
    stderr: output,
    workflows,
    createContainer,
    mode: 'work',
    finish: () => undefined,
    fail: () => 1,
  });
}

/** All commands of a program that do something; commander's own help is none. */
export function namedCommands(program: Command): NamedCommand[] {
  return program.commands.flatMap((command) => commandsFrom(command, command.name()));
}

function commandsFrom(command: Command, path: string): NamedCommand[] {
  const below = command.commands.flatMap((own) => commandsFrom(own, `${path} ${own.name()}`));
  const isGroup = below.length > 0 && command.options.length === 0;
  return isGroup ? below : [{ path, command }, ...below];
}
