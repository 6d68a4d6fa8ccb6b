import { readSafetensors, verifySafetensors, writeSafetensors } from '@ar-distill/checkpoints';
import type { HostTensors } from '@ar-distill/program';
import { writing } from './system-errors';

const MODEL_KINDS = ['tokenizer', 'teacher', 'generator', 'features'] as const;

/** What a model file holds. */
export type ModelKind = (typeof MODEL_KINDS)[number];

/** Weights with everything needed to use them again. */
export interface ModelFile {
  readonly kind: ModelKind;
  /** Plugin and preset that the weights belong to. */
  readonly plugin: string;
  readonly preset: string;
  /** In the plugin's own terms. */
  readonly architecture: unknown;
  readonly tensors: HostTensors;
  /** How the weights came about: seeds, iterations, results. */
  readonly provenance: Readonly<Record<string, string | number>>;
}

/** How a model is stored. */
export interface SaveModelOptions {
  /** Store float32 weights in half the space, rounded to float16. */
  readonly halfPrecision?: boolean;
}

/** Writes a model as one safetensors file with its checksum, atomically. */
export function saveModel(
  file: string,
  model: ModelFile,
  options: SaveModelOptions = {},
): Promise<void> {
  const { kind, plugin, preset, architecture, tensors, provenance } = model;
  const metadata = {
    kind,
    plugin,
    preset,
    architecture: JSON.stringify(architecture),
    provenance: JSON.stringify(provenance),
  };
  return writing(file, () =>
    writeSafetensors(file, tensors, metadata, { ...options, checksum: true }),
  );
}

/**
 * Reads a model that AR-Distill wrote.
 *
 * @param expected What it must be; any kind without it.
 * @throws Error when the file holds something else, its description is damaged, or its checksum, when
 *   it has one, is another.
 */
export async function loadModel(file: string, expected?: ModelKind): Promise<ModelFile> {
  await verifySafetensors(file);
  const { tensors, metadata } = await readSafetensors(file);
  const { kind, plugin, preset, architecture, provenance } = metadata;
  const needed = expected === undefined ? 'a model' : `a ${expected}`;
  if (!isModelKind(kind) || plugin === undefined || preset === undefined) {
    throw new Error(
      `"${file}" holds no AR-Distill model where ${needed} is needed: name another file.`,
    );
  }
  if (expected !== undefined && kind !== expected) {
    throw new Error(`"${file}" holds a ${kind} where ${needed} is needed: name another file.`);
  }
  return {
    kind,
    plugin,
    preset,
    architecture: parseField(file, 'architecture', architecture),
    tensors,
    provenance: parseProvenance(file, provenance),
  };
}

function isModelKind(kind: string | undefined): kind is ModelKind {
  return MODEL_KINDS.some((known) => known === kind);
}

function parseField(file: string, field: string, text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch (cause) {
    throw new Error(`"${file}" does not state its ${field}: make the model again.`, { cause });
  }
}

function parseProvenance(
  file: string,
  text: string | undefined,
): Readonly<Record<string, string | number>> {
  const value = parseField(file, 'provenance', text);
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.map(([name, item]): [string, string | number] => [
      name,
      typeof item === 'number' ? item : String(item),
    ]),
  );
}
