/** Shapes of the tensors of one state dict, by the names that they have in it. */
export type TensorShapes = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** A state dict inside a checkpoint. */
export interface CheckpointPart {
  /** Dotted path inside the checkpoint (`model`, `trainer.var_wo_ddp`); '' for the checkpoint itself. */
  readonly path: string;
  readonly tensors: TensorShapes;
}

/** What a plugin is told about a checkpoint: no data. */
export interface CheckpointListing {
  /** Name without its folder. It may say what tensors cannot; it may also be wrong. */
  readonly fileName: string;
  readonly parts: readonly CheckpointPart[];
  /** Keys that the user gave, in the plugin's own terms where `officialSettings` translates them. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Settings of the original project, by the names that its code gives them in configs. */
export interface OfficialSettings {
  /** Dotted key of the architecture that a setting stands for. */
  readonly keys: Readonly<Record<string, string>>;
  /** Settings that results depend on, each with the only value that the family computes with. */
  readonly fixed: Readonly<Record<string, unknown>>;
  /** Settings that `recognizeCheckpoint` reads itself, and those that matter in training alone. */
  readonly others: readonly string[];
}

/** What a state dict can be; `dd1` is a network of Distilled Decoding 1, which has its own layout. */
export type RecognizedKind = 'teacher' | 'tokenizer' | 'dd1';

/** A state dict that a plugin knows. */
export interface RecognizedPart {
  /** Of the part. */
  readonly path: string;
  readonly kind: RecognizedKind;
  /** Family and size: `VAR-d16`. */
  readonly label: string;
  /**
   * Keys of the architecture that follow from this part, at any depth; what is not in it comes from the
   * other part of the model, else from the preset.
   */
  readonly architecture: Readonly<Record<string, unknown>>;
  /** Names of the tensors that are parameters, in the order of the part. Everything else is a buffer. */
  readonly parameters: readonly string[];
  /** Half sentences for the user: what was assumed and why. */
  readonly notes: readonly string[];
}
