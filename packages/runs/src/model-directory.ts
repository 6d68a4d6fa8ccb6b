import {
  openModelDirectory,
  readModelConfig,
  writeModelDirectory,
  type ModelDirectoryOptions,
  type StoredTensorSource,
  type WeightsFile,
} from '@ar-distill/checkpoints';

/** What `config.json` says that it is. */
const FORMAT = 'ar-distill-model';
const VERSION = 1;

/** One network in a model directory. */
export interface ModelComponent {
  /** `teacher`, `tokenizer`, `generator`, or `dd1` for a network of Distilled Decoding 1. */
  readonly kind: string;
  /** Family and size: `VAR-d16`. */
  readonly label: string;
  /** Number of tensors. */
  readonly tensors: number;
  /** File that it came from, without its folder, and the state dict inside of it. */
  readonly source: { readonly file: string; readonly path: string };
  /** How the weights came about, where that is known: `method` is the distillation method of a generator. */
  readonly provenance?: Readonly<Record<string, string | number>>;
  /** Stands before the names of its tensors where another component has others of the same names. */
  readonly prefix?: string;
}

/** What a model directory holds, as its `config.json` says. */
export interface ModelDescription {
  readonly plugin: string;
  /** The preset whose sizes these are, when there is one. */
  readonly preset?: string;
  readonly components: readonly ModelComponent[];
  /** In the plugin's own terms; keys that the components do not determine are left out. */
  readonly architecture: Readonly<Record<string, unknown>>;
}

/** Writes a model directory; see `writeModelDirectory` of the checkpoints package. */
export function saveModelDirectory(
  folder: string,
  description: ModelDescription,
  tensors: readonly StoredTensorSource[],
  options?: ModelDirectoryOptions,
): Promise<void> {
  const config = { format: FORMAT, version: VERSION, ...description };
  return writeModelDirectory(folder, config, tensors, options);
}

/** What a model directory holds; its weights are not looked at. */
export async function describeModelDirectory(folder: string): Promise<ModelDescription> {
  return parseDescription(folder, await readModelConfig(folder));
}

/**
 * Opens a model directory; its tensors are read one by one.
 * @throws Error naming the file that is damaged.
 */
export async function loadModelDirectory(
  folder: string,
): Promise<{ readonly description: ModelDescription; readonly weights: WeightsFile }> {
  const description = await describeModelDirectory(folder);
  return { description, weights: await openModelDirectory(folder) };
}

function parseDescription(
  folder: string,
  config: Readonly<Record<string, unknown>>,
): ModelDescription {
  const { format, version, plugin, preset, components, architecture } = config;
  if (format !== FORMAT) {
    throw new Error(
      `"${folder}" holds a model of another program: make it one of AR-Distill's with "ar-distill import".`,
    );
  }
  if (version !== VERSION) {
    throw new Error(
      `"${folder}" is not of version ${VERSION} of the model format: import the model again.`,
    );
  }
  if (
    typeof plugin !== 'string' ||
    !isOptionalText(preset) ||
    !Array.isArray(components) ||
    !components.every(isComponent) ||
    !isRecord(architecture)
  ) {
    throw new Error(`The config.json of "${folder}" is damaged: import the model again.`);
  }
  return {
    plugin,
    ...(preset === undefined ? {} : { preset }),
    components,
    architecture,
  };
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isComponent(value: unknown): value is ModelComponent {
  return (
    isRecord(value) &&
    typeof value['kind'] === 'string' &&
    typeof value['label'] === 'string' &&
    typeof value['tensors'] === 'number' &&
    isRecord(value['source']) &&
    isOptionalText(value['prefix']) &&
    (value['provenance'] === undefined || isProvenance(value['provenance']))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isProvenance(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.values(value).every((item) => typeof item === 'string' || typeof item === 'number')
  );
}
