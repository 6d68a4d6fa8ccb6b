import {
  elementCount,
  type HostTensor,
  type HostTensors,
  type TensorSpec,
} from '@ar-distill/program';
import * as z from 'zod/mini';

/** Name of the description in the folder of an exported teacher. */
export const EXPORTED_TEACHER_FILE = 'programs.json';

const count = z.int().check(z.positive());
const sizes = z.readonly(z.array(z.int().check(z.nonnegative())));
const spec = z.strictObject({ shape: sizes, dtype: z.enum(['float32', 'int32']) });
const specs = z.record(z.string(), spec);
const file = z.strictObject({
  name: z.string().check(z.regex(/^[^/\\]+$/)),
  bytes: count,
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
const program = z.strictObject({
  name: z.string(),
  file,
  inputs: specs,
  state: specs,
  reads: z.readonly(z.array(z.string())),
  writes: specs,
});

/** What `programs.json` says; batches are of one sequence. Of zod's two interfaces that of small bundles. */
const schema = z.strictObject({
  format: z.literal('ar-distill-teacher'),
  version: z.literal(1),
  madeBy: z.string(),
  /** `plugin:preset`. */
  preset: z.string(),
  /** How it draws, which is built into the programs. */
  sampling: z.strictObject({
    guidanceScale: z.number(),
    topK: z.int().check(z.nonnegative()),
    topP: z.number(),
    temperature: z.number(),
  }),
  /** Of the sampler, in errors. */
  name: z.string(),
  numClasses: count,
  layout: z.strictObject({
    channels: count,
    stepLengths: z.readonly(z.array(count).check(z.minLength(1))),
  }),
  /** [height, width, channels]. */
  imageShape: z.readonly(z.tuple([count, count, count])),
  /** Random numbers of every position, by the names of inputs. */
  draws: z.record(
    z.string(),
    z.strictObject({ kind: z.enum(['normal', 'uniform']), stream: z.string(), shape: sizes }),
  ),
  /** Inputs that differ from step to step, [steps, …]. */
  perStep: z.record(
    z.string(),
    z.strictObject({ ...spec.shape, data: z.readonly(z.array(z.number())) }),
  ),
  /** What a step leaves to the next one; zeros before the first batch. */
  state: specs,
  /** Safetensors, which the models refer to. */
  weights: file,
  /** Of the AR steps, one for all of them or one for each, and of the decoder. */
  programs: z.readonly(z.array(program)),
});

/** A teacher whose programs were exported with all that its own sampling needs. */
export type ExportedTeacher = z.infer<typeof schema>;

/**
 * Reads the content of `programs.json`.
 * @throws Error naming the entry that is not as it has to be.
 */
export function parseExportedTeacher(text: string): ExportedTeacher {
  const { success, data, error } = schema.safeParse(jsonOf(text));
  if (success) return data;
  const [issue] = error.issues;
  const place = issue!.path.length === 0 ? 'its content' : `"${issue!.path.join('.')}"`;
  throw new Error(
    `"${EXPORTED_TEACHER_FILE}" describes no exported teacher of a known version, as ${place} shows: export the teacher again.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Arrays as the description has them. */
export function describedArrays(values: Readonly<HostTensors>): ExportedTeacher['perStep'] {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape: own, dtype, data }]) => [
      name,
      { shape: own, dtype, data: [...data] },
    ]),
  );
}

/** The arrays that it describes. */
export function arraysOf(described: ExportedTeacher['perStep']): HostTensors {
  return Object.fromEntries(
    Object.entries(described).map(([name, { data, ...own }]) => [name, arrayOf(own, data)]),
  );
}

/** State before the first batch. */
export function zerosOf(state: Readonly<Record<string, TensorSpec>>): HostTensors {
  return Object.fromEntries(
    Object.entries(state).map(([name, own]) => [
      name,
      arrayOf(own, new Array<number>(elementCount(own.shape)).fill(0)),
    ]),
  );
}

function arrayOf({ shape: own, dtype }: TensorSpec, data: readonly number[]): HostTensor {
  return dtype === 'float32'
    ? { shape: own, dtype, data: Float32Array.from(data) }
    : { shape: own, dtype, data: Int32Array.from(data) };
}
