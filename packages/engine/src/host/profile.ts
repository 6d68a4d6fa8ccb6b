import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { OperatorProfile } from './engine-contract';

/** One event of ONNX Runtime's profile (Chrome tracing format). */
interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  /** Microseconds. */
  readonly dur?: number;
  readonly args?: { readonly op_name?: string };
}

/** Operators that contain others: their time is already counted there. */
const CONTAINERS = new Set(['Loop', 'If', 'Scan']);

/** Reads the profile that a session wrote under `prefix`, summed by operator. */
export async function readProfile(prefix: string): Promise<OperatorProfile[]> {
  const folder = dirname(prefix);
  // The runtime appends the time to the prefix.
  const file = (await readdir(folder)).find((name) => name.startsWith(`${basename(prefix)}_`));
  if (file === undefined) throw new Error(`ONNX Runtime wrote no profile at "${prefix}".`);
  return summarize(readEvents(join(folder, file)));
}

/** The events one by one, a line each: hundreds of steps of a large model do not fit into a string. */
async function* readEvents(file: string): AsyncGenerator<ProfileEvent> {
  for await (const line of createInterface(createReadStream(file, 'utf8'))) {
    const event = line.replace(/,\s*$/, '').trim();
    if (event.startsWith('{')) yield JSON.parse(event) as ProfileEvent;
  }
}

/** Time and calls per operator, the costliest first. */
export async function summarize(
  events: Iterable<ProfileEvent> | AsyncIterable<ProfileEvent>,
): Promise<OperatorProfile[]> {
  const totals = new Map<string, { calls: number; microseconds: number }>();
  for await (const { cat, name, dur, args } of events) {
    const operator = args?.op_name;
    if (cat !== 'Node' || !name?.endsWith('_kernel_time') || operator === undefined) continue;
    if (CONTAINERS.has(operator)) continue;
    const total = totals.get(operator) ?? { calls: 0, microseconds: 0 };
    total.calls += 1;
    total.microseconds += dur ?? 0;
    totals.set(operator, total);
  }
  return [...totals]
    .map(([operator, { calls, microseconds }]) => ({
      operator,
      calls,
      milliseconds: microseconds / 1000,
    }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}
