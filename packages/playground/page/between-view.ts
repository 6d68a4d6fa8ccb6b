import { element } from './element';
import type { Draw, Noise } from './generator';
import { LatestOnly } from './latest-only';
import { paint } from './paint';

/** Two noises and what lies between them, all of one class. */
export class BetweenView {
  private from = 1;
  private to = 2;
  private readonly slider = element('share', HTMLInputElement);
  private readonly drawing = new LatestOnly();

  constructor(
    private readonly draw: Draw,
    private readonly labelOf: () => number,
  ) {
    this.slider.addEventListener('input', () => void this.drawing.run(() => this.showBetween()));
    element('new-from', HTMLButtonElement).addEventListener('click', () => {
      this.from = Math.max(this.from, this.to) + 1;
      this.redraw();
    });
    element('new-to', HTMLButtonElement).addEventListener('click', () => {
      this.to = Math.max(this.from, this.to) + 1;
      this.redraw();
    });
  }

  /** Draws both ends and the place of the slider. */
  redraw(): void {
    void this.drawing.run(async () => {
      await this.show('from', { seed: this.from });
      await this.show('to', { seed: this.to });
      await this.showBetween();
    });
  }

  private async showBetween(): Promise<void> {
    const { from, to, slider } = this;
    const share = slider.valueAsNumber;
    const place = `${Math.round(100 * share)} per cent of the way`;
    slider.setAttribute('aria-valuetext', place);
    await this.show('between', { from, to, share });
    element('between', HTMLCanvasElement).setAttribute('aria-label', `Image at ${place}`);
  }

  private async show(id: 'from' | 'between' | 'to', noise: Noise): Promise<void> {
    const images = await this.draw(noise, [this.labelOf()]);
    if (images) paint(element(id, HTMLCanvasElement), images);
  }
}
