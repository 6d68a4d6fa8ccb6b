import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hasCode } from './error-code';

/** Which process it is, as far as the system tells; a field that it does not tell is left out. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** When it started: tells it from another process that gets its number later. */
  readonly start?: string | undefined;
  /** One start of the machine: tells machines of one name apart, too. */
  readonly boot?: string | undefined;
  /** What the number counts in: containers on Linux number their processes anew. */
  readonly namespace?: string | undefined;
}

/** `unknown`: it cannot be seen from here. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** Field 22 of `/proc/PID/stat` is the third one's nineteenth successor. */
const STATE = 0;
const START_TICKS = 19;

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    // A name may hold anything; this is enough to compare it and to print it.
    host: hostname().replace(/[^\w.-]/g, '_'),
    pid: process.pid,
    start: startOf('self'),
    boot: bootId(),
    namespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
  };
  return own;
}

/** Whether that very process runs: one that got its number later does not count. */
export function livenessOf(process: ProcessIdentity): Liveness {
  const { host, boot, namespace } = ownIdentity();
  const isVisible =
    boot !== undefined &&
    process.boot === boot &&
    process.host === host &&
    process.namespace === namespace;
  if (!isVisible) return 'unknown';
  if (!hasProcess(process.pid)) return 'dead';
  const start = startOf(process.pid);
  if (start === undefined || process.start === undefined) return 'unknown';
  return start === process.start ? 'alive' : 'dead';
}

/** Whether there is a process of that number in this namespace. */
export function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user cannot be signalled, but is there.
    return hasCode(error, 'EPERM');
  }
}

/** Start of a process: clock ticks since the boot on Linux, a date on macOS. */
function startOf(pid: number | 'self'): string | undefined {
  if (process.platform === 'linux') return attempt(() => startTicks(pid));
  if (process.platform !== 'darwin') return undefined;
  return outputOf('ps', '-o', 'lstart=', '-p', String(pid === 'self' ? process.pid : pid));
}

function startTicks(pid: number | 'self'): string | undefined {
  // A /proc that was mounted in another namespace numbers other processes.
  if (pid !== 'self' && readlinkSync('/proc/self') !== String(process.pid)) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may hold anything, parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie still has its number, but works no more.
  return /^[ZX]/.test(fields[STATE] ?? '') ? 'ended' : fields[START_TICKS];
}

function bootId(): string | undefined {
  return process.platform === 'darwin'
    ? outputOf('sysctl', '-n', 'kern.bootsessionuuid')
    : attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
}

function outputOf(command: string, ...args: readonly string[]): string | undefined {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  return (
    attempt(() =>
      execFileSync(command, args, { env, encoding: 'utf8', stdio: 'pipe', timeout: 5000 }).trim(),
    ) || undefined
  );
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
