import { element } from './element';
import type { Draw } from './generator';
import { LatestOnly } from './latest-only';
import { paint } from './paint';

/** Classes that are shown at a time; models of photographs have a thousand. */
const SHOWN = 100;
/** Images per call: many small ones go together, and the first appear soon. */
const TOGETHER = 10;

/** All classes with an image of each, made of the same noise; one of them is chosen. */
export class ClassGrid {
  private first = 0;
  private cells: readonly HTMLCanvasElement[] = [];
  private seed = 0;
  private chosenClass = 0;
  private readonly drawing = new LatestOnly();

  constructor(
    private readonly draw: Draw,
    private readonly numClasses: number,
    private readonly onChoose: () => void,
  ) {
    const pages = element('class-pages', HTMLDivElement);
    pages.hidden = numClasses <= SHOWN;
    const turn = (by: number): void => {
      this.first += by;
      this.fill();
      this.redraw(this.seed);
    };
    element('classes-previous', HTMLButtonElement).addEventListener('click', () => turn(-SHOWN));
    element('classes-next', HTMLButtonElement).addEventListener('click', () => turn(SHOWN));
    element('class-cells', HTMLDivElement).classList.toggle('few', numClasses <= TOGETHER);
    this.fill();
  }

  get chosen(): number {
    return this.chosenClass;
  }

  /** Chooses a class that is shown. */
  choose(label: number): void {
    this.chosenClass = label;
    const input = element('class-cells', HTMLDivElement).querySelector<HTMLInputElement>(
      `input[value="${label}"]`,
    );
    if (input) input.checked = true;
  }

  /** Draws all that are shown from the noise of a seed. */
  redraw(seed: number): void {
    this.seed = seed;
    const { first, cells } = this;
    void this.drawing.run(async () => {
      for (let start = 0; start < cells.length; start += TOGETHER) {
        const part = cells.slice(start, start + TOGETHER);
        const images = await this.draw(
          { seed },
          part.map((_, i) => first + start + i),
        );
        if (!images || cells !== this.cells) return;
        part.forEach((canvas, i) => paint(canvas, images, i));
      }
    });
  }

  private fill(): void {
    const { first, numClasses } = this;
    const count = Math.min(SHOWN, numClasses - first);
    const made = Array.from({ length: count }, (_, i) => this.cell(first + i));
    this.cells = made.map(({ canvas }) => canvas);
    element('class-cells', HTMLDivElement).replaceChildren(...made.map(({ label }) => label));
    element('classes-shown', HTMLSpanElement).textContent = `${first} to ${first + count - 1}`;
    element('classes-previous', HTMLButtonElement).disabled = first === 0;
    element('classes-next', HTMLButtonElement).disabled = first + count >= numClasses;
  }

  private cell(value: number): { label: HTMLLabelElement; canvas: HTMLCanvasElement } {
    const label = document.createElement('label');
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = 'class';
    input.value = String(value);
    input.checked = value === this.chosenClass;
    input.addEventListener('change', () => {
      this.chosenClass = value;
      this.onChoose();
    });
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    const text = document.createElement('span');
    text.textContent = String(value);
    label.append(input, canvas, text);
    return { label, canvas };
  }
}
