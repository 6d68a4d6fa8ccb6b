import type { WorkflowEvent } from '@ar-distill/workflows';
import type { CommonOptions } from '../config/schemas';
import { InterruptedError } from '../errors';
import { commandLine, optionWords } from './command-line';
import type { CliEnvironment } from './environment';

/** A run directory that a command works in. */
export type StartedRun = Extract<WorkflowEvent, { readonly kind: 'run' }>;

/** Options that a run does not remember. */
export type ForgottenOptions = CommonOptions & {
  readonly report?: boolean | undefined;
  /** Only trainings forget it: it is about what is measured when they are over. */
  readonly samples?: number | undefined;
  /** Words of the command that goes on with a study, whichever run of it was interrupted. */
  readonly study?: readonly string[] | undefined;
};

/** What a command that was interrupted says: what has been kept, and how it goes on. */
export function interruption(
  env: Pick<CliEnvironment, 'cwd' | 'variables'>,
  options: ForgottenOptions,
  run: StartedRun | undefined,
  cause: unknown,
): InterruptedError {
  const reason = cause instanceof Error && cause.name !== 'AbortError' ? cause.message : '';
  const kept = run
    ? 'Interrupted: the run keeps what is finished.'
    : 'Interrupted before it was done.';
  return new InterruptedError(
    reason || kept,
    { cause },
    run && commandLine(env, options, resumingWords(options, run)),
  );
}

/** The line that says how to go on; it is to be copied as it is. Empty when nothing was begun. */
export function goOnLine({ resume }: InterruptedError): string {
  return resume === undefined ? '' : `Go on with: ${resume}\n`;
}

/** The command that goes on with a run. */
function resumingWords(
  { threads, backend, provider, report, samples, study }: ForgottenOptions,
  { command, path }: StartedRun,
): readonly string[] {
  return [
    ...(study ?? [...command.split(' '), '--resume', path]),
    ...(report === false ? ['--no-report'] : []),
    ...optionWords({
      samples: command.startsWith('train ') ? samples : undefined,
      threads,
      backend,
      provider,
    }),
  ];
}
