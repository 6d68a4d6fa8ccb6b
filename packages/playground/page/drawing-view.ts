import { ClassGrid } from './class-grid';
import { element } from './element';
import type { Draw } from './generator';
import { Hold, holdWith } from './hold';
import type { DrawnImages } from './messages';
import { paint } from './paint';

/** Images that stay in sight. */
const LATEST = 24;
/** Share of a new time in the one that is shown, so that it can be read while images rush by. */
const NEWEST = 0.2;

/** One image after the other of a class: the seed grows by one with each. */
export class DrawingView {
  private readonly picture = element('picture', HTMLCanvasElement);
  private readonly seedInput = element('seed', HTMLInputElement);
  private readonly latest: readonly HTMLCanvasElement[];
  private readonly classes: ClassGrid | undefined;
  private count = 0;
  private milliseconds: number | undefined;

  constructor(
    private readonly draw: Draw,
    numClasses: number | undefined,
    private readonly onChoice: () => void,
  ) {
    this.latest = Array.from({ length: LATEST }, () => document.createElement('canvas'));
    element('latest', HTMLDivElement).replaceChildren(...this.latest);
    element('classes', HTMLFieldSetElement).hidden = numClasses === undefined;
    if (numClasses !== undefined) {
      this.classes = new ClassGrid(draw, numClasses, () => this.again());
    }
    const hold = new Hold(() => this.drawNext());
    holdWith(element('draw', HTMLButtonElement), hold);
    this.seedInput.addEventListener('change', () => this.again());
    if (numClasses !== undefined && numClasses <= 10) this.listenToDigits(hold, numClasses);
  }

  /** What is chosen; [0] where images have no classes, of which nothing depends then. */
  get label(): number {
    return this.classes?.chosen ?? 0;
  }

  get seed(): number {
    const { valueAsNumber } = this.seedInput;
    return Number.isSafeInteger(valueAsNumber) && valueAsNumber >= 0 ? valueAsNumber : 0;
  }

  /** Times of another runtime are others. */
  forgetTimes(): void {
    this.milliseconds = undefined;
  }

  /** Draws the image of the class and the seed that are chosen, and all classes of that seed. */
  again(): void {
    void this.show(this.seed).then(() => this.classes?.redraw(this.seed));
    this.onChoice();
  }

  private async drawNext(): Promise<void> {
    const seed = this.seed + 1;
    this.seedInput.value = String(seed);
    await this.show(seed);
  }

  private async show(seed: number): Promise<void> {
    const { label } = this;
    const images = await this.draw({ seed }, [label]);
    if (!images) return;
    paint(this.picture, images);
    paint(this.latest[this.count % LATEST]!, images);
    this.count++;
    this.describe(label, seed, images);
  }

  private describe(label: number, seed: number, { milliseconds }: DrawnImages): void {
    const what = this.classes ? `Class ${label}, seed ${seed}` : `Seed ${seed}`;
    this.picture.setAttribute('aria-label', what);
    element('caption', HTMLElement).textContent = what;
    this.milliseconds =
      this.milliseconds === undefined
        ? milliseconds
        : this.milliseconds + NEWEST * (milliseconds - this.milliseconds);
    element('milliseconds', HTMLSpanElement).textContent = this.milliseconds.toFixed(1);
    element('drawn', HTMLElement).textContent = String(this.count);
    const options = this.classes ? `{ classes: [${label}], seed: ${seed} }` : `{ seed: ${seed} }`;
    element('call', HTMLElement).textContent = `generator.generate(${options})`;
  }

  /** A held digit draws its class. */
  private listenToDigits(hold: Hold, numClasses: number): void {
    element('draw-hint', HTMLParagraphElement).textContent =
      `Hold the button, or a key from 0 to ${numClasses - 1}, to keep drawing.`;
    const digitOf = ({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent) => {
      const isTyped = target instanceof HTMLInputElement && target.type === 'number';
      if (isTyped || ctrlKey || metaKey || altKey || !/^\d$/.test(key)) return undefined;
      return Number(key) < numClasses ? Number(key) : undefined;
    };
    addEventListener('keydown', (event) => {
      const label = digitOf(event);
      if (label === undefined || event.repeat || !this.classes) return;
      this.classes.choose(label);
      hold.start();
    });
    addEventListener('keyup', (event) => {
      if (digitOf(event) === this.label) hold.stop();
    });
    addEventListener('blur', () => hold.stop());
  }
}
