import { printableLine } from '@ar-distill/core';
import type { ServiceContainer } from '@ar-distill/di';
import type { Tree, WorkflowEvent, WorkflowOptions } from '@ar-distill/workflows';
import { stringify } from 'yaml';
import type { CommandEnvironment } from './environment';
import type { ForgottenOptions } from './interruption';
import { optionsOfRun } from './planned-run';
import { withWorkflow } from './session';

/** What a workflow says when everything is checked and nothing is done. */
type ReadyEvent = Extract<WorkflowEvent, { readonly kind: 'ready' }>;

type WorkOptions = ForgottenOptions & { readonly defaultPreset?: string };
type Workflow<T> = (container: ServiceContainer, run: WorkflowOptions) => Promise<T>;

/**
 * Runs a workflow as `withWorkflow` does; with `--dry-run` and `--print-config` only as far as `rehearse`
 * does, and says what would be written, or with which settings.
 * @returns what the workflow returns; undefined when it was rehearsed.
 */
export async function work<T>(
  env: CommandEnvironment,
  options: WorkOptions,
  workflow: Workflow<T>,
  flags: Tree = {},
): Promise<T | undefined> {
  if (env.mode === 'work') return withWorkflow(env, options, workflow, flags);
  const { writes, config } = await rehearse(env, options, workflow, flags);
  const settings = config === undefined ? withoutDefault(options) : optionsOfRun(config);
  finishRehearsal(env, writes, settings);
  return undefined;
}

/** Says with which settings, with `--print-config`; else that all went well, and what would be written. */
export function finishRehearsal(
  env: CommandEnvironment,
  writes: readonly string[],
  config: Tree,
): void {
  if (env.mode === 'print-config') {
    env.finish({ document: { config }, text: stringify(config) });
    return;
  }
  const lines = [
    'Everything is checked, and nothing was started.',
    ...writes.map((file) => `Would write: ${printableLine(file)}`),
  ];
  env.finish({ document: { writes, config }, text: `${lines.join('\n')}\n` });
}

/** The default is no option: a run or a model may say another preset. */
function withoutDefault(options: WorkOptions): Tree {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'defaultPreset'));
}

/** Runs a workflow to the point where its work would begin: it has checked everything by then. */
export function rehearse(
  env: CommandEnvironment,
  options: ForgottenOptions,
  workflow: Workflow<unknown>,
  flags: Tree = {},
): Promise<ReadyEvent> {
  return withWorkflow(
    env,
    options,
    async (container, { signal, onEvent }) => {
      const rehearsal = new AbortController();
      const found: ReadyEvent[] = [];
      const signals = [rehearsal.signal, ...(signal ? [signal] : [])];
      try {
        await workflow(container, {
          signal: AbortSignal.any(signals),
          onEvent: (event) => {
            if (event.kind !== 'ready') {
              // Between the lines of a config file nothing else may stand.
              if (env.mode !== 'print-config') onEvent?.(event);
              return;
            }
            found.push(event);
            rehearsal.abort();
          },
        });
      } catch (error) {
        if (found.length === 0) throw error;
      }
      const [ready] = found;
      if (!ready)
        throw new Error('There is nothing left to do here: leave it to the command itself.');
      return ready;
    },
    flags,
  );
}
