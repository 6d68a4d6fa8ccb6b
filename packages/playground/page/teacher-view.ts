import { element } from './element';
import type { Draw } from './generator';
import { bytesLoaded } from './words';
import { paint } from './paint';
import type { Teacher } from './teacher';

/** What is drawn: the class and the seed of the page. */
interface Chosen {
  readonly label: number;
  readonly seed: number;
}

/** The generator and the teacher side by side, both timed. */
export class TeacherView {
  private readonly button = element('draw-both', HTMLButtonElement);
  private readonly time = element('step-by-step-time', HTMLSpanElement);
  private readonly stepsDone = element('steps-done', HTMLProgressElement);

  /** @param teacherOf the teacher on the runtime that is in use; undefined while there is none. */
  constructor(
    private readonly draw: Draw,
    private readonly teacherOf: () => Teacher | undefined,
    chosen: Chosen,
  ) {
    element('teacher', HTMLElement).hidden = false;
    this.button.addEventListener('click', () => void this.drawBoth(chosen));
  }

  private async drawBoth({ label, seed }: Chosen): Promise<void> {
    const teacher = this.teacherOf();
    if (!teacher) return;
    this.button.disabled = true;
    try {
      await teacher.load((loaded, total) => {
        this.say(loaded < total ? bytesLoaded(loaded, total) : 'Starting', loaded / total);
      });
      const images = await this.draw({ seed }, [label]);
      if (!images) return;
      paint(element('one-step', HTMLCanvasElement), images);
      element('one-step-time', HTMLSpanElement).textContent =
        `1 step, ${images.milliseconds.toFixed(1)} ms`;
      await this.drawSteps(teacher, { label, seed });
    } catch (error) {
      // A teacher of a runtime that was left is of no more interest.
      if (teacher === this.teacherOf()) this.say(String(error), 0);
    } finally {
      this.button.disabled = false;
    }
  }

  private async drawSteps(teacher: Teacher, { label, seed }: Chosen): Promise<void> {
    const canvas = element('step-by-step', HTMLCanvasElement);
    let all = 0;
    const { milliseconds } = await teacher.draw(label, seed, ({ step, steps, image }) => {
      paint(canvas, image);
      this.say(`step ${step} of ${steps}`, step / steps);
      all = steps;
    });
    this.say(`${all} steps, ${milliseconds.toFixed(1)} ms`, 1);
  }

  private say(text: string, share: number): void {
    this.time.textContent = text;
    this.stepsDone.value = share;
  }
}
