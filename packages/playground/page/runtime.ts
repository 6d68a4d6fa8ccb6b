import type {
  Answers,
  DrawnImages,
  LoadedModel,
  ModelBytes,
  Numbered,
  Outcome,
  Request,
  RuntimeName,
  TeacherBytes,
  TeacherStep,
} from './messages';

interface Waiting {
  resolve(value: Answers[keyof Answers]): void;
  reject(reason: Error): void;
  onStep?(step: TeacherStep): void;
}

/** A model in a worker of its own, so that the page answers while it draws. */
export class Runtime {
  private readonly worker = new Worker(new URL('./runtime-worker.ts', import.meta.url), {
    type: 'module',
  });
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor() {
    this.worker.addEventListener('message', ({ data }: MessageEvent<Numbered<Outcome>>) =>
      this.hear(data),
    );
    this.worker.addEventListener('error', ({ message }) => this.fail(message));
  }

  /** The bytes stay with the page, for another runtime. */
  load(runtime: RuntimeName, bytes: ModelBytes) {
    return this.ask({ kind: 'load', runtime, bytes }) as Promise<LoadedModel>;
  }

  /** @param noise [count, n, C] */
  draw(noise: Float32Array, labels: Int32Array | undefined, count: number) {
    return this.ask({ kind: 'draw', noise, labels, count }) as Promise<DrawnImages>;
  }

  /** Opens the teacher beside the model. */
  loadTeacher(files: TeacherBytes) {
    return this.ask({ kind: 'load-teacher', files }) as Promise<undefined>;
  }

  /** Draws with the teacher, which has to be open; `onStep` is called after every AR step. */
  drawTeacher(label: number, seed: number, onStep: (step: TeacherStep) => void) {
    return this.ask({ kind: 'draw-teacher', label, seed }, onStep) as Promise<DrawnImages>;
  }

  /** Ends the worker; what it was asked for never comes. */
  dispose(): void {
    this.worker.terminate();
    this.fail('The runtime was changed.');
  }

  private ask(
    content: Request,
    onStep?: (step: TeacherStep) => void,
  ): Promise<Answers[keyof Answers]> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, ...(onStep ? { onStep } : {}) });
      this.worker.postMessage({ id, content } satisfies Numbered<Request>);
    });
  }

  private hear({ id, content }: Numbered<Outcome>): void {
    const one = this.waiting.get(id);
    if ('step' in content) return one?.onStep?.(content.step);
    this.waiting.delete(id);
    if ('error' in content) one?.reject(new Error(content.error));
    else one?.resolve(content.value);
  }

  private fail(reason: string): void {
    for (const { reject } of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }
}
