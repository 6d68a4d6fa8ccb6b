import { printableLine } from '@ar-distill/core';
import { duration } from '@ar-distill/evaluation/report';
import type { ImportedNetwork, WorkflowEvent } from '@ar-distill/workflows';
import { describeAdaptation } from '@ar-distill/workflows';
import type { TextOutput } from './environment';
import { networkTable } from './network-table';

/** Prints what a workflow tells; progress and messages have a reporter of their own. */
export function printEvent(event: WorkflowEvent, out: TextOutput): void {
  const lines = linesOf(event);
  for (const line of lines) out.write(`${line}\n`);
}

function linesOf(event: WorkflowEvent): readonly string[] {
  switch (event.kind) {
    case 'progress':
    case 'message':
    case 'trained':
    case 'ready':
      return [];
    case 'run':
      return [printableLine(`Run directory: ${event.path}`)];
    case 'study': {
      const { cells, runs, finished } = event;
      return [`Study: ${cells} cells, ${runs} runs, ${finished} done${leftOf(event)}`];
    }
    case 'study-run': {
      const { number, total, run } = event;
      return [printableLine(`Run ${number} of ${total}: ${run}${leftOf(event)}`)];
    }
    case 'generator':
      return [printableLine(`Generator: ${whose(event)}`)];
    case 'teacher':
      return [printableLine(`Teacher: ${whose(event)}`)];
    case 'adapted':
      return describeAdaptation(event);
    case 'recognized':
      return [networkTable(event.networks), ...event.networks.flatMap(notesOf)];
  }
}

/** Time that a study will take; it is known once a run has ended, and none is left behind the last one. */
function leftOf({ secondsLeft }: { readonly secondsLeft?: number | undefined }): string {
  return secondsLeft ? `, about ${duration(secondsLeft)} left` : '';
}

interface NamedNetwork {
  readonly file: string;
  readonly preset?: string;
  readonly method?: string;
}

/** A network's file, with what is known of it. */
function whose({ file, preset, method }: NamedNetwork): string {
  const known = [
    ...(preset === undefined ? [] : [`ships with ${preset}`]),
    ...(method === undefined ? [] : [`made by ${method}`]),
  ];
  return known.length === 0 ? file : `${file} (${known.join(', ')})`;
}

function notesOf({ label, notes }: ImportedNetwork): string[] {
  return notes.map((note) => printableLine(`${label}: ${note}`));
}
