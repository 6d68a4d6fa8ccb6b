import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { atomicWriteFile, writeSafetensors } from '@ar-distill/checkpoints';
import {
  EXPORTED_BATCH,
  EXPORTED_TEACHER_FILE,
  type ExportedTeacher,
  openExportedTeacher,
} from '@ar-distill/core/exported';
import { disposing } from '@ar-distill/core/optimization';
import { MODEL_EXPORTER } from '@ar-distill/di';
import { significant } from '@ar-distill/evaluation/report';
import { exportedPrograms } from '@ar-distill/program';
import type { PresetContext } from '../context';
import type { PresetModels } from '../models/preset-models';
import { checksumOf } from '../runs/file-checksum';
import { compileDecoder, type Decoder } from '../sample/decoder';
import { pixelDifference, symmetricPixels } from './model-sampler';
import { type TeacherPrograms, teacherPrograms } from './teacher-programs';

/** Folder of the teacher in a model directory. */
export const TEACHER_FOLDER = 'teacher';
const WEIGHTS_FILE = 'weights.safetensors';

/** Pictures that the exported teacher is compared by. */
const COMPARED = 16;
/**
 * Of these, those that may be other ones than the library's: sums in another order decide otherwise where a random
 * number lies on the border of two tokens.
 */
const MOST_OTHERS = 4;
/** Of pixels in [0, 1], in pictures of the same tokens. */
const TOLERANCE = 1e-4;

/** An exported teacher beside the library's. */
export interface TeacherFigures {
  /** Of all its files. */
  readonly bytes: number;
  /** Pictures that were drawn with each, from the same random numbers. */
  readonly count: number;
  /** Those that are of the same tokens. */
  readonly same: number;
  /** Largest difference of a pixel between these, on the scale [0, 1]. */
  readonly difference: number;
  /** Of drawing and decoding one picture after the other. */
  readonly secondsPerImage: { readonly library: number; readonly exported: number };
}

/** The figures in a sentence. */
export function teacherSentence({
  bytes,
  count,
  same,
  difference,
  secondsPerImage: { library, exported },
}: TeacherFigures): string {
  const milliseconds = (seconds: number): string => `${significant(1000 * seconds)} ms`;
  return `The exported teacher (${significant(bytes / 2 ** 20)} MiB) drew ${same} of ${count} pictures of the same tokens as the library, with pixels that differ by at most ${difference.toExponential(1)}, in ${milliseconds(exported)} each (library: ${milliseconds(library)}).`;
}

/** An export that is worked out; nothing is written yet. */
export interface TeacherExport {
  /** Writes the teacher's folder into a folder and compares it with the library. */
  write(folder: string): Promise<TeacherFigures>;
}

/**
 * Works the export of a teacher out.
 * @throws InvalidOptionError saying why this teacher cannot be exported.
 */
export function prepareTeacher(
  context: PresetContext,
  models: PresetModels,
  decoder: Decoder,
): TeacherExport {
  const programs = teacherPrograms(context, models, decoder);
  return {
    write: async (folder) => {
      const own = path.join(folder, TEACHER_FOLDER);
      const teacher = await writeTeacher(own, programs);
      return compareTeacher(context, models, decoder, own, teacher);
    },
  };
}

async function writeTeacher(
  folder: string,
  { exported, description }: TeacherPrograms,
): Promise<ExportedTeacher> {
  await writeSafetensors(path.join(folder, WEIGHTS_FILE), exported.weights);
  const weights = await describedFile(folder, WEIGHTS_FILE);
  const start = await dataStart(path.join(folder, WEIGHTS_FILE));
  const programs: ExportedTeacher['programs'][number][] = [];
  for (const [i, bytes] of exported.encode(WEIGHTS_FILE, start).entries()) {
    const program = exported.programs[i]!;
    const name = `${program.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.onnx`;
    await atomicWriteFile(path.join(folder, name), bytes);
    programs.push({ ...program, file: await describedFile(folder, name) });
  }
  const teacher = { ...description, weights, programs };
  const text = `${JSON.stringify(teacher, null, 2)}\n`;
  await atomicWriteFile(path.join(folder, EXPORTED_TEACHER_FILE), Buffer.from(text));
  return teacher;
}

async function describedFile(folder: string, name: string): Promise<ExportedTeacher['weights']> {
  const file = path.join(folder, name);
  const { size: bytes } = await stat(file);
  return { name, bytes, sha256: await checksumOf(file) };
}

/** Where the tensors of a safetensors file begin: behind the length of the header and the header. */
async function dataStart(file: string): Promise<number> {
  const handle = await open(file);
  try {
    const length = Buffer.alloc(8);
    await handle.read(length, 0, length.length, 0);
    return length.length + Number(length.readBigUInt64LE());
  } finally {
    await handle.close();
  }
}

/** @throws Error when the exported teacher draws something else than the library's. */
async function compareTeacher(
  context: PresetContext,
  { teacher, teacherWeights }: PresetModels,
  decoder: Decoder,
  folder: string,
  exported: ExportedTeacher,
): Promise<TeacherFigures> {
  const { container, compiler, createRng, progress, signal, found } = context;
  const exporter = container.resolve(MODEL_EXPORTER);
  const files = [exported.weights, ...exported.programs.map(({ file }) => file)];
  return disposing(async (own) => {
    const programs = exportedPrograms(exported.programs, ({ file }) =>
      exporter.open(path.join(folder, file.name)),
    );
    const opened = own(await openExportedTeacher(exported, programs));
    const sampler = own(await teacher.createSampler(compiler, teacherWeights, EXPORTED_BATCH));
    const decoding = own(await compileDecoder(compiler, decoder, EXPORTED_BATCH));
    const seconds = { library: 0, exported: 0 };
    let [same, difference] = [0, 0];
    for (let seed = 0; seed < COMPARED; seed++) {
      signal.throwIfAborted();
      const label = seed % exported.numClasses;
      const started = performance.now();
      const { sequence, tokens } = await sampler.sample(
        teacher.condition.inTurn(label, EXPORTED_BATCH),
        createRng(seed),
        0,
      );
      const images = await decoding.images(sequence);
      const between = performance.now();
      const drawn = await opened.draw(label, seed);
      seconds.library += (between - started) / 1000;
      seconds.exported += (performance.now() - between) / 1000;
      if (drawn.tokens.data.every((token, i) => token === tokens!.data[i])) {
        same++;
        difference = Math.max(difference, pixelDifference(images, symmetricPixels(drawn.pixels)));
      }
      progress.update({ stage: 'teacher', done: seed + 1, total: COMPARED, metrics: {} });
    }
    if (COMPARED - same > MOST_OTHERS || difference > TOLERANCE) {
      throw new Error(
        `The exported teacher of "${found.name}" draws ${COMPARED - same} of ${COMPARED} pictures otherwise than the library, and pixels that differ by up to ${difference.toExponential(1)}: export without the teacher.`,
      );
    }
    return {
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      count: COMPARED,
      same,
      difference,
      secondsPerImage: {
        library: seconds.library / COMPARED,
        exported: seconds.exported / COMPARED,
      },
    };
  });
}
