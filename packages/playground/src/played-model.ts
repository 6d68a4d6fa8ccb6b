/** A file of a model, as the page fetches it. */
export interface ModelFile {
  /** Of the page, as all paths of a site: `model/generator.onnx`. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal; what a browser keeps goes by it. */
  readonly sha256: string;
}

/** What the page is told of the model, in `model/model.json`. */
export interface PlayedModel {
  /** Of its directory or preset. */
  readonly name: string;
  /** `plugin:preset`; absent where the model does not say it. */
  readonly preset?: string;
  /** Absent where images have no classes. */
  readonly numClasses?: number;
  readonly model: ModelFile;
  /** Weights of a model of more than 2 GiB. */
  readonly externalData?: ModelFile;
  /** Programs and weights of the teacher; absent where there is none. */
  readonly teacher?: readonly ModelFile[];
}

/** Where a site has it. */
export const MODEL_DESCRIPTION = 'model/model.json';
