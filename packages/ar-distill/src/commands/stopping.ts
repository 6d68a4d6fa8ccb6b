import { setTimeout as wait } from 'node:timers/promises';
import { onInterrupt, type Interrupt } from '@ar-distill/runs';
import type { WorkflowEvent } from '@ar-distill/workflows';
import { EXIT, type InterruptedError } from '../errors';
import type { CommandEnvironment } from './environment';
import { interruption, type ForgottenOptions, type StartedRun } from './interruption';

/** Milliseconds in which work that has nothing to save has to stop. */
const PATIENCE = 3000;
/** Milliseconds in which the engine may end by itself. */
const GRACE = 1000;

/** What a command holds until it ends. */
interface Disposable {
  dispose(): Promise<void>;
}

/**
 * How a command stops. After the first signal a training finishes its step and saves; anything else has
 * a few seconds. After the second one the process ends at once.
 */
export class Stopping {
  private readonly interrupt: Interrupt;
  private run: StartedRun | undefined;
  private isTraining = false;
  private patience: NodeJS.Timeout | undefined;
  private disposal: Promise<void> | undefined;
  private isEnding = false;

  constructor(
    private readonly env: CommandEnvironment,
    private readonly options: ForgottenOptions,
    private readonly container: Disposable,
  ) {
    this.interrupt = onInterrupt(
      (text) => void env.stderr.write(text),
      () => void this.endAtOnce(),
    );
    this.signal.addEventListener('abort', () => {
      if (!this.isTraining) this.patience = setTimeout(() => this.stopWaiting(), PATIENCE);
    });
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.interrupt.signal;
  }

  /** Learns from the workflow's events what there is to save. */
  watch(event: WorkflowEvent): void {
    if (event.kind === 'run') this.run = event;
    if (event.kind === 'run' || event.kind === 'trained') this.isTraining = event.kind === 'run';
  }

  /** What the command says about an error that ended the work after a signal. */
  interruption(error: unknown): InterruptedError {
    return interruption(this.env, this.options, this.run, error);
  }

  /** Ends what the command holds, and gives signals their usual meaning back. */
  async dispose(): Promise<void> {
    await this.disposeOnce();
    clearTimeout(this.patience);
    // The process is about to end: whatever else the command would say is said already.
    if (this.isEnding) await new Promise(() => undefined);
    this.interrupt.dispose();
  }

  private stopWaiting(): void {
    this.env.fail(this.interruption(this.signal.reason));
    void this.endAtOnce();
  }

  /**
   * To leave while the engine's thread is inside of ONNX Runtime would throw a native exception, which
   * aborts: the thread gets a second to come out. A step that takes longer is left by the signal itself,
   * which runs nothing more; shells report 130 for it as well.
   */
  private async endAtOnce(): Promise<void> {
    if (this.isEnding) return;
    this.isEnding = true;
    const ended = this.disposeOnce().then(
      () => true,
      () => true,
    );
    if (await Promise.race([ended, wait(GRACE, false)])) process.exit(EXIT.interrupted);
    // Whoever cleans up does so at the end of the process.
    process.emit('exit', EXIT.interrupted);
    process.removeAllListeners('SIGINT');
    process.kill(process.pid, 'SIGINT');
  }

  private disposeOnce(): Promise<void> {
    this.disposal ??= this.container.dispose();
    return this.disposal;
  }
}
