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

/** Asks for the teacher's image of a class and a seed. */
export interface TeacherRequest {
  readonly kind: 'draw-teacher';
  readonly label: number;
  readonly seed: number;
}

/** Files of a teacher by their names in its folder. */
export type TeacherBytes = ReadonlyMap<string, Uint8Array>;

/** What the worker is asked for. */
export type Request =
  | { readonly kind: 'load'; readonly runtime: RuntimeName; readonly bytes: ModelBytes }
  | DrawRequest
  | { readonly kind: 'load-teacher'; readonly files: TeacherBytes }
  | TeacherRequest;

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

/** The teacher's image as it looks after an AR step. */
export interface TeacherStep {
  /** AR steps that are done, from 1. */
  readonly step: number;
  /** AR steps of an image. */
  readonly steps: number;
  readonly image: Omit<DrawnImages, 'milliseconds'>;
}

/** What comes of a request, by its kind. */
export interface Answers {
  readonly load: LoadedModel;
  readonly draw: DrawnImages;
  readonly 'load-teacher': undefined;
  readonly 'draw-teacher': DrawnImages;
}

/** A request or its answer on the way, with the number that brings them together. */
export interface Numbered<T> {
  readonly id: number;
  readonly content: T;
}

/** An answer, or the reason why there is none; before the answer there may be steps on the way to it. */
export type Outcome =
  | { readonly value: Answers[keyof Answers] }
  | { readonly step: TeacherStep }
  | { readonly error: string };
