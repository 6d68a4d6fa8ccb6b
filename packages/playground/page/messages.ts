/** What a model can run on in a browser. */
export type RuntimeName = 'webgpu' | 'wasm';

/** Bytes that a model refers to, under the path that it names. */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array;
}

/** Files of a model. */
export interface ModelBytes {
  readonly model: Uint8Array;
  readonly externalData?: ExternalData | undefined;
}

/** Asks for images. */
export interface DrawRequest {
  readonly kind: 'draw';
  /** [count, n, C] */
  readonly noise: Float32Array;
  /** One for every image; absent where images have no classes. */
  readonly labels: Int32Array | undefined;
  readonly count: number;
}

/** What the worker is asked for. */
export type Request =
  | { readonly kind: 'load'; readonly runtime: RuntimeName; readonly bytes: ModelBytes }
  | DrawRequest;

/** What the model turned out to be. */
export interface LoadedModel {
  /** n and C. */
  readonly noiseShape: readonly [n: number, channels: number];
  /** Of WebAssembly. */
  readonly threads: number;
}

/** Images of one call. */
export interface DrawnImages {
  /** Values from 0 to 255, [count, height, width, channels]. */
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** 1 (grey) or 3 (colour). */
  readonly channels: number;
  /** From noise to pixels in memory, of all of them together. */
  readonly milliseconds: number;
}

/** What comes of a request, by its kind. */
export interface Answers {
  readonly load: LoadedModel;
  readonly draw: DrawnImages;
}

/** A request or its answer on the way, with the number that brings them together. */
export interface Numbered<T> {
  readonly id: number;
  readonly content: T;
}

/** An answer, or the reason why there is none. */
export type Outcome = { readonly value: Answers[keyof Answers] } | { readonly error: string };
