import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { printable, printableLine } from '@ar-distill/core';
import { describeError, EXIT, exitCodeOf, InterruptedError, UsageError } from '../errors';
import { addAdaptCommand } from './adapt';
import { addCompletionCommand } from './completion';
import { addDistillCommand } from './distill';
import { addDoctorCommand } from './doctor';
import type { CliEnvironment, CommandEnvironment, CommandMode, CommandResult } from './environment';
import { addEvaluateCommand } from './evaluate';
import { addExportCommand } from './export';
import { addAnswerOptions, examples } from './flags';
import { addImportCommand } from './import';
import { addInitCommand } from './init';
import { goOnLine } from './interruption';
import { addPlayCommand } from './play';
import { addPluginsCommand } from './plugins';
import { ResultOutput } from './result-output';
import { addSampleCommand } from './sample';
import { addStudyCommand } from './study';
import { inColour } from './terminal';
import { addTrainCommand } from './train';
import { usageSentence } from './wrong-usage';

/** Codes of what commander throws when it has shown what was asked for. */
const SHOWN = /^commander\.(?:help|helpDisplayed|version)$/;

/** Commands that take their settings from a config file. */
const CONFIGURED = [
  ...['train tokenizer', 'train teacher', 'train features'],
  ...['adapt', 'distill', 'sample', 'eval', 'export', 'play'],
];

/** The whole command line; nothing is read or started before a command's action runs. */
export function createProgram(env: CommandEnvironment): Command {
  const program = new Command('ar-distill')
    .description('One-step distillation of image auto-regressive models (Distilled Decoding 2)')
    .version(version(), '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void env.stdout.write(text),
      writeErr: (text) => void env.stderr.write(printable(text)),
      // Said by `runCli`, in one sentence.
      outputError: () => undefined,
    })
    .addHelpText(
      'after',
      examples('doctor', 'plugins', 'distill --quick', 'sample', 'help distill'),
    );
  addPluginsCommand(program, env);
  addImportCommand(program, env);
  addTrainCommand(program, env);
  addAdaptCommand(program, env);
  addDistillCommand(program, env);
  addStudyCommand(program, env);
  addSampleCommand(program, env);
  addEvaluateCommand(program, env);
  addExportCommand(program, env);
  addPlayCommand(program, env);
  addDoctorCommand(program, env);
  addInitCommand(program, env);
  addCompletionCommand(program, env);
  addAnswerOptions(program, {
    rehearsed: ['import', 'study', ...CONFIGURED],
    configured: CONFIGURED,
  });
  return program;
}

/**
 * Runs the command line.
 *
 * @param args what follows the name of the command.
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong command line, 130 when interrupted.
 *   A failure writes one sentence to stderr; `AR_DISTILL_DEBUG=1` adds the stack. Nothing that is
 *   written steers a terminal. With `--json` stdout gets one JSON document: the result or, where there is
 *   none, `{ error: { message, exitCode, resume } }`.
 */
export async function runCli(args: readonly string[], given: CliEnvironment): Promise<number> {
  // What goes to stderr is made harmless where it is written: it may have colours and a bar.
  const output = new ResultOutput(given, args.includes('--json'));
  const env = { ...given, stdout: output.text };
  const fail = (error: unknown): number => {
    const debug = env.variables['AR_DISTILL_DEBUG'] === '1';
    const text = describeError(error, debug);
    const shown = debug ? printable(text) : printableLine(text);
    env.stderr.write(`${inColour('red', shown, env.stderr, env.variables)}\n`);
    const exitCode = exitCodeOf(error);
    const message = describeError(error, false).replace(/^Error: /, '');
    const resume = error instanceof InterruptedError ? error.resume : undefined;
    if (error instanceof InterruptedError) env.stderr.write(printable(goOnLine(error)));
    output.fail({ message, exitCode, resume });
    return exitCode;
  };
  try {
    const finish = (result: CommandResult): void => output.finish(result);
    await createProgram({ ...env, mode: modeOf(args), finish, fail }).parseAsync([...args], {
      from: 'user',
    });
    return EXIT.success;
  } catch (error) {
    // Commander has already written the help or the version.
    if (error instanceof CommanderError && SHOWN.test(error.code)) {
      return error.exitCode === 0 ? EXIT.success : EXIT.usage;
    }
    return fail(
      error instanceof CommanderError
        ? new UsageError(usageSentence(error), { cause: error })
        : error,
    );
  }
}

function modeOf(args: readonly string[]): CommandMode {
  const isPrinted = args.includes('--print-config');
  if (!args.includes('--dry-run')) return isPrinted ? 'print-config' : 'work';
  if (!isPrinted) return 'rehearse';
  throw new UsageError('--dry-run and --print-config both start nothing: leave one of them out.');
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(join(__dirname, '../../package.json'), 'utf8'),
  );
  return manifest.version;
}
