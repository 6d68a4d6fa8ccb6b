import type { ModelFile } from '../src/played-model';
import { fetchTeacher, type OnBytes } from './fetch-model';
import type { DrawnImages, TeacherStep } from './messages';
import type { Runtime } from './runtime';

/** Draws what the library's teacher draws for the same class and seed, AR step by AR step. */
export class Teacher {
  private loaded: Promise<void> | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly files: readonly ModelFile[],
  ) {}

  /** Fetches and opens it once; it has weights of its own, which not every visitor needs. */
  load(onBytes: OnBytes): Promise<void> {
    this.loaded ??= this.open(onBytes).catch((error: unknown) => {
      this.loaded = undefined;
      throw error;
    });
    return this.loaded;
  }

  private async open(onBytes: OnBytes): Promise<void> {
    await this.runtime.loadTeacher(await fetchTeacher(this.files, onBytes));
  }

  /** The time of the result is that of a drawing without the pictures of its steps. */
  draw(label: number, seed: number, onStep: (step: TeacherStep) => void): Promise<DrawnImages> {
    return this.runtime.drawTeacher(label, seed, onStep);
  }
}
