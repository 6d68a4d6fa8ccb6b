import type {
  Answers,
  DrawnImages,
  LoadedModel,
  ModelBytes,
  Numbered,
  Outcome,
  Request,
  RuntimeName,
} from './messages';

interface Waiting {
  resolve(value: Answers[keyof Answers]): void;
  reject(reason: Error): void;
}

/** A model in a worker of its own, so that the page answers while it draws. */
export class Runtime {
  private readonly worker = new Worker(new URL('./runtime-worker.ts', import.meta.url), {
    type: 'module',
  });
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor() {
    this.worker.addEventListener('message', ({ data }: MessageEvent<Numbered<Outcome>>) => {
      const one = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('error' in data.content) one?.reject(new Error(data.content.error));
      else one?.resolve(data.content.value);
    });
    this.worker.addEventListener('error', ({ message }) => this.fail(message));
  }

  /** The bytes stay with the page, for another runtime. */
  async load(runtime: RuntimeName, bytes: ModelBytes): Promise<LoadedModel> {
    return this.ask({ kind: 'load', runtime, bytes }) as Promise<LoadedModel>;
  }

  /** @param noise [count, n, C] */
  async draw(noise: Float32Array, labels: Int32Array | undefined, count: number) {
    return this.ask({ kind: 'draw', noise, labels, count }) as Promise<DrawnImages>;
  }

  /** Ends the worker; what it was asked for never comes. */
  dispose(): void {
    this.worker.terminate();
    this.fail('The runtime was changed.');
  }

  private ask(content: Request): Promise<Answers[keyof Answers]> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, content } satisfies Numbered<Request>);
    });
  }

  private fail(reason: string): void {
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }
}
