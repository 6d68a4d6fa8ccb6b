import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Host, HostArgs, HostMethod, HostOptions, HostResult } from '../host/host';
import type { CallMessage, DisposeMessage, ReplyMessage } from './protocol';

interface Pending {
  readonly resolve: (result: HostResult<HostMethod>) => void;
  readonly reject: (error: Error) => void;
}

type Message = Omit<CallMessage, 'id'> | Omit<DisposeMessage, 'id'>;

/**
 * A host of sessions in a thread of its own: `session.run` blocks the thread that it is called in.
 * The worker keeps the process alive only while calls are under way.
 */
export class WorkerHost implements Host {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private readonly exited: Promise<void>;
  private nextId = 1;
  private disposal: Promise<void> | undefined;
  /** Why calls cannot be answered any more. */
  private end: Error | undefined;

  /** `entry` is the script of the worker. */
  constructor(options: HostOptions, entry = join(__dirname, `worker${extname(__filename)}`)) {
    this.worker = new Worker(entry, { workerData: options, execArgv: workerArguments(entry) });
    this.worker.on('message', (reply: ReplyMessage) => this.settle(reply));
    this.worker.on('error', (error) => this.fail(error.message));
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        this.fail(`exit code ${code}`);
        resolve();
      });
    });
    this.worker.unref();
  }

  async call<M extends HostMethod>(
    method: M,
    args: HostArgs<M>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<HostResult<M>> {
    if (this.disposal) throw new Error('The engine has been disposed.');
    // The reply has the type of the call that it carries the number of.
    return (await this.send({ method, args }, transfer)) as HostResult<M>;
  }

  dispose(): Promise<void> {
    this.disposal ??= this.stop();
    return this.disposal;
  }

  private async stop(): Promise<void> {
    if (!this.end) await this.send({ method: 'dispose' }, []);
    this.worker.ref();
    await this.exited;
  }

  private send(
    message: Message,
    transfer: readonly ArrayBuffer[],
  ): Promise<HostResult<HostMethod>> {
    return new Promise((resolve, reject) => {
      if (this.end) {
        reject(this.end);
        return;
      }
      const id = this.nextId++;
      this.worker.postMessage({ ...message, id }, transfer);
      this.pending.set(id, { resolve, reject });
      this.worker.ref();
    });
  }

  private settle(reply: ReplyMessage): void {
    const call = this.pending.get(reply.id);
    if (!call) return;
    this.pending.delete(reply.id);
    if (this.pending.size === 0) this.worker.unref();
    if ('error' in reply) call.reject(new Error(reply.error));
    else call.resolve(reply.result);
  }

  private fail(reason: string): void {
    this.end ??= new Error(
      `The engine's worker stopped (${reason}): its state is lost, create a new engine and go on from the last checkpoint.`,
    );
    for (const { reject } of this.pending.values()) reject(this.end);
    this.pending.clear();
  }
}

/**
 * Arguments of Node for the worker. Compiled code inherits this thread's. A worker that is TypeScript
 * source needs the preloaded compiler and the export condition that this process runs with; they are
 * passed on by name because a test runner's process only pretends to have been started with them.
 */
function workerArguments(entry: string): string[] | undefined {
  if (extname(entry) !== '.ts') return undefined;
  const wanted = new Set(['-r', '--require', '-C', '--conditions']);
  const given = process.execArgv;
  const passed = given.flatMap((argument, i) => {
    if (wanted.has(argument)) return given.slice(i, i + 2);
    return /^--(require|conditions)=/.test(argument) ? [argument] : [];
  });
  if (passed.length === 0) {
    throw new Error(
      'The engine runs from TypeScript source, which its worker cannot read: preload a compiler with node -r, or pass worker: false.',
    );
  }
  return passed;
}
