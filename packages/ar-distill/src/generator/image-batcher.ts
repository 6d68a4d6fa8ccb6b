import { InvalidOptionError } from '@ar-distill/workflows';
import type { GeneratedImage } from './generated-image';
import type { ImageDrawer } from './image-drawer';
import { checkOptionNames } from './option-names';

/** How requests become batches. */
export interface BatcherOptions {
  /** Images that are made together, at most; default 32, or as many as the model makes well together. */
  readonly largestBatch?: number;
  /** Milliseconds that a request waits for others, at most, while nothing is drawn; default 5. */
  readonly waitingTime?: number;
  /** Requests that may wait, beside those that are drawn; default 1000. */
  readonly longestQueue?: number;
}

/** One image that somebody wants. */
export interface ImageOptions {
  /** Default 0 where there are classes. */
  readonly class?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Takes the request back: the call rejects with the signal's reason, and nothing is drawn that only it wants. */
  readonly signal?: AbortSignal;
}

/** A request cannot be taken by now: too many wait already, or no more are taken. */
export class UnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnavailableError';
  }
}

interface WaitingRequest {
  readonly label: number | undefined;
  readonly seed: number;
  grant(image: GeneratedImage): void;
  fail(reason: unknown): void;
}

/**
 * Makes images for many callers at once, each of whom wants one: requests that come within a short time are
 * drawn together, in one network evaluation. Everybody gets what `generate` gives for that class and seed.
 *
 * A batch is filled up to the next power of two, so that no more than a handful of programs are compiled.
 */
export class ImageBatcher {
  private readonly largestBatch: number;
  private readonly waitingTime: number;
  private readonly longestQueue: number;
  private readonly waiting: WaitingRequest[] = [];
  private timer: NodeJS.Timeout | undefined;
  private drawing: Promise<void> | undefined;
  private closed = false;

  /** @throws InvalidOptionError naming the option that is wrong. */
  constructor(
    private readonly drawer: Pick<
      ImageDrawer,
      'numClasses' | 'largestBatch' | 'check' | 'generate'
    >,
    options: BatcherOptions = {},
  ) {
    checkOptionNames(options, ['largestBatch', 'waitingTime', 'longestQueue']);
    const { largestBatch, waitingTime = 5, longestQueue = 1000 } = options;
    this.largestBatch = largestBatch ?? Math.min(32, drawer.largestBatch);
    this.waitingTime = waitingTime;
    this.longestQueue = longestQueue;
    checkWhole('largestBatch', this.largestBatch, 1, drawer.largestBatch);
    checkWhole('waitingTime', waitingTime, 0, 60_000);
    checkWhole('longestQueue', longestQueue, 1, Number.MAX_SAFE_INTEGER);
  }

  /**
   * Makes the first image of a seed and a class.
   * @throws InvalidOptionError when there is no such class or seed; UnavailableError when too many wait, or
   *   the batcher has been closed; the signal's reason when it is aborted; what `generate` throws.
   */
  async image(options: ImageOptions = {}): Promise<GeneratedImage> {
    checkOptionNames(options, ['class', 'seed', 'signal']);
    const { class: label, seed = 0, signal } = options;
    signal?.throwIfAborted();
    const own = label ?? (this.drawer.numClasses === undefined ? undefined : 0);
    this.drawer.check({ seed, classes: own === undefined ? undefined : [own] });
    if (this.closed) {
      throw new UnavailableError('No more images are made: ask a program that still runs.');
    }
    if (this.waiting.length >= this.longestQueue) {
      throw new UnavailableError(
        `${this.waiting.length} requests wait for images already: try again later.`,
      );
    }
    return this.queued(own, seed, signal);
  }

  /** Takes no more requests; ends when all that were taken have been drawn. */
  async close(): Promise<void> {
    this.closed = true;
    this.drawNext();
    while (this.drawing) await this.drawing;
  }

  private async queued(
    label: number | undefined,
    seed: number,
    signal: AbortSignal | undefined,
  ): Promise<GeneratedImage> {
    let takeBack = (): void => undefined;
    try {
      return await new Promise((grant, fail) => {
        const request = { label, seed, grant, fail };
        takeBack = () => {
          const place = this.waiting.indexOf(request);
          if (place >= 0) this.waiting.splice(place, 1);
          fail(signal?.reason);
        };
        signal?.addEventListener('abort', takeBack);
        this.waiting.push(request);
        this.drawSoon();
      });
    } finally {
      signal?.removeEventListener('abort', takeBack);
    }
  }

  private drawSoon(): void {
    if (this.waiting.length >= this.largestBatch) this.drawNext();
    else if (!this.drawing) this.timer ??= setTimeout(() => this.drawNext(), this.waitingTime);
  }

  /** Draws those that have waited longest; what comes meanwhile is drawn right after them. */
  private drawNext(): void {
    if (this.drawing) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    const requests = this.waiting.splice(0, this.largestBatch);
    const [first] = requests;
    if (!first) return;
    this.drawing = this.draw(first, requests).finally(() => {
      this.drawing = undefined;
      this.drawNext();
    });
  }

  private async draw(first: WaitingRequest, requests: readonly WaitingRequest[]): Promise<void> {
    const size = Math.min(2 ** Math.ceil(Math.log2(requests.length)), this.largestBatch);
    const filled = Array.from({ length: size }, (_, i) => requests[i] ?? first);
    const classes = filled.flatMap(({ label }) => label ?? []);
    try {
      const { images } = await this.drawer.generate({
        seeds: filled.map(({ seed }) => seed),
        classes: classes.length > 0 ? classes : undefined,
      });
      requests.forEach((request, i) => request.grant(images[i]!));
    } catch (error) {
      for (const request of requests) request.fail(error);
    }
  }
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new InvalidOptionError(
    `"${name}" must be a whole number from ${least} to ${most}, not ${value}.`,
  );
}
