import { relative } from 'node:path';
import { firstLine } from './manifest';
import { stackPlaces } from './stack-places';

/** Causes of causes that are named. */
const MAX_CAUSES = 3;

/**
 * What kept a plugin from being loaded, as half a sentence: what was thrown, where in the plugin's
 * folder, and what that came from.
 */
export function loadFailure(error: unknown, directory: string): string {
  const place = placeIn(directory, error);
  const parts = [`${firstLine(error)}${place === undefined ? '' : ` at ${place}`}`];
  for (const cause of causesOf(error)) parts.push(`because ${firstLine(cause)}`);
  return parts.join(', ');
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let next = error;
  while (next instanceof Error && next.cause !== undefined && causes.length < MAX_CAUSES) {
    next = next.cause;
    causes.push(next);
  }
  return causes;
}

/**
 * File and line below `directory` that an error comes from: `dist/index.js:3:7`. A syntax error has
 * them in the first line of its stack, others in a frame.
 */
function placeIn(directory: string, error: unknown): string | undefined {
  for (const { file, position } of stackPlaces(error)) {
    const within = relative(directory, file);
    if (!within.startsWith('..') && !within.includes('node_modules')) return `${within}${position}`;
  }
  return undefined;
}
