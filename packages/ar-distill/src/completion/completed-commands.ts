import { ENGINE_BACKEND_NAMES, TENSORFLOW_VARIANTS } from '@ar-distill/engine';
import type { Command } from 'commander';
import { PROVIDERS } from '../config/schemas';

/** Names that only the installed plugins know; the command is asked for them when they are needed. */
export const ASKED = ['presets', 'plugins'] as const;
export type Asked = (typeof ASKED)[number];

/** What a word after an option may be: one of these, something the command is asked for, or a file. */
export type CompletedValue =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'asked'; readonly names: Asked }
  | { readonly kind: 'file' };

/** An option of a command. */
export interface CompletedOption {
  /** With its dashes: `--preset`. */
  readonly flag: string;
  readonly description: string;
  /** Undefined when no word follows. */
  readonly value: CompletedValue | undefined;
}

/** A command, or a group of them. */
export interface CompletedCommand {
  /** Its names from the outside in: `train tokenizer`; '' for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
}

/** What stands after options that take one of a few words. */
const VALUES: Readonly<Record<string, CompletedValue>> = {
  '--backend': { kind: 'words', words: ENGINE_BACKEND_NAMES },
  '--provider': { kind: 'words', words: PROVIDERS },
  '--objective': { kind: 'words', words: ['sid', 'dmd'] },
  '--install-tensorflow': { kind: 'words', words: TENSORFLOW_VARIANTS },
  '--preset': { kind: 'asked', names: 'presets' },
  '--plugin': { kind: 'asked', names: 'plugins' },
};

/** The program and all commands below it, as far as a shell completes them. */
export function completedCommands(command: Command, path = ''): readonly CompletedCommand[] {
  const within = (name: string): string => (path === '' ? name : `${path} ${name}`);
  return [
    {
      path,
      commands: command.commands.map((own) => ({
        name: own.name(),
        description: own.description(),
      })),
      options: command.options.map(({ long, flags, description, required, optional }) => {
        const flag = long ?? flags;
        return {
          flag,
          description,
          value: required || optional ? (VALUES[flag] ?? { kind: 'file' }) : undefined,
        };
      }),
    },
    ...command.commands.flatMap((own) => completedCommands(own, within(own.name()))),
  ];
}
