import { destination, pino, stdSerializers, stdTimeFunctions } from 'pino';

/** What stands beside the name of an event. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What happened in a run, and when: one JSON object per line with `level`, `time` (ISO 8601), `pid`
 * and `msg`, the event. Lines are written at once and only ever appended, by a resumed run too.
 */
export class RunLog {
  private readonly stream;
  private readonly logger;
  private closed = false;

  /** Opens the file, or makes it. */
  constructor(file: string) {
    this.stream = destination({ dest: file, sync: true });
    // Training matters more than its log: a full disk is for the checkpoints to complain about.
    this.stream.on('error', () => undefined);
    this.logger = pino(
      {
        base: { pid: process.pid },
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (level) => ({ level }) },
        serializers: { error: stdSerializers.errWithCause },
      },
      this.stream,
    );
  }

  info(event: string, fields: LogFields = {}): void {
    if (!this.closed) this.logger.info(fields, event);
  }

  /** Keeps why the work ended early, with the stack. */
  failed(error: unknown): void {
    if (!this.closed) this.logger.error({ error }, 'failed');
  }

  /** Closes the file; what happens later is not kept. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const ended = new Promise((resolve) => this.stream.once('close', resolve).once('error', resolve));
    this.stream.destroy();
    await ended;
  }
}
