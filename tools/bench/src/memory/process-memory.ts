import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds between two looks. */
const INTERVAL = 500;

/** Memory of a process and of all that it started, looked at until it is stopped. */
export interface MemoryWatch {
  /** Ends it; returns the highest sum that was seen, bytes. */
  stop(): number;
}

/** Looks every half second at what a process and its descendants hold. Linux only. */
export function watchMemory(pid: number): MemoryWatch {
  let highest = 0;
  const look = (): void => {
    highest = Math.max(highest, treeMemory(pid));
  };
  const timer = setInterval(look, INTERVAL);
  return {
    stop() {
      clearInterval(timer);
      look();
      return highest;
    },
  };
}

/** Bytes that a process and its descendants hold now: each shared page counts once, files' pages not at all. */
function treeMemory(pid: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const process = Number(name);
    if (!Number.isInteger(process)) continue;
    const parent = parentOf(process);
    if (parent !== undefined) parents.set(process, parent);
  }
  let bytes = 0;
  for (const process of parents.keys()) {
    if (isBelow(process, pid, parents)) bytes += heldBytes(process);
  }
  return bytes;
}

function isBelow(process: number, root: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = process; at !== undefined; at = parents.get(at)) {
    if (at === root) return true;
  }
  return false;
}

function parentOf(pid: number): number | undefined {
  // The name in brackets may hold anything; what follows its end is numbers.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  return fields === undefined ? undefined : Number(fields[1]);
}

/** Its share of private and shared memory; the page cache of mapped files is the system's. */
function heldBytes(pid: number): number {
  const rollup = read(`/proc/${pid}/smaps_rollup`) ?? '';
  return ['Pss_Anon', 'Pss_Shmem'].reduce(
    (sum, field) =>
      sum + 1024 * Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0),
    0,
  );
}

/** Undefined when the process has ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
