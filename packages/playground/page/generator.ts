import { drawSampleNoise, noiseBetween } from '@ar-distill/core/sampling';
import { createRng, type Rng } from '@ar-distill/program';
import type { DrawnImages, LoadedModel } from './messages';
import type { Runtime } from './runtime';

/** The noise that an image is made of, by numbers that make it again everywhere. */
export type Noise =
  | { readonly seed: number }
  | { readonly from: number; readonly to: number; readonly share: number };

/** Draws an image per class; undefined where it fails, which the page has said then. */
export type Draw = (noise: Noise, classes: readonly number[]) => Promise<DrawnImages | undefined>;

/** Draws what `ImageGenerator` of `ar-distill` draws for the same seeds and classes. */
export class Generator {
  constructor(
    private readonly runtime: Runtime,
    private readonly model: LoadedModel,
    private readonly hasClasses: boolean,
  ) {}

  /** One image of every class, all of the same noise. */
  draw(noise: Noise, classes: readonly number[]): Promise<DrawnImages> {
    const [n, channels] = this.model.noiseShape;
    // Which AR steps the tokens belong to does not matter to noise.
    const layout = { channels, stepLengths: [n] };
    const own = drawSampleNoise(layout, rngOf(noise), 0, 1).data;
    const all = new Float32Array(classes.length * own.length);
    classes.forEach((_, i) => all.set(own, i * own.length));
    const labels = this.hasClasses ? Int32Array.from(classes) : undefined;
    return this.runtime.draw(all, labels, classes.length);
  }
}

function rngOf(noise: Noise): Rng {
  if ('seed' in noise) return createRng(noise.seed);
  const { from, to, share } = noise;
  return noiseBetween(createRng(from), createRng(to), () => ({ index: 0, share }));
}
