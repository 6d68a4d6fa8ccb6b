import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSafetensors, writeSafetensors } from '@ar-distill/checkpoints';
import { MIN_TIMESTEP } from '@ar-distill/core/math';
import { type ParameterSpecs, type Parameters, toTensors } from '@ar-distill/nn';
import type { HostTensors } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { equalValues, requireParameters, requireParsed, requireThat } from './assertions';
import type { Check } from './check';
import { createParts, type Parts } from './parts';
import type { Subject } from './subject';

/** What a part computes, to compare two of a kind. */
interface Stored {
  readonly name: keyof Parts;
  readonly weights: (subject: Subject) => Readonly<HostTensors>;
  compute(parts: Parts, parameters: Parameters, subject: Subject): tf.Tensor | undefined;
}

const STORED: readonly Stored[] = [
  {
    name: 'tokenizer',
    weights: ({ hostTokenizerParameters }) => hostTokenizerParameters,
    compute: ({ tokenizer }, parameters, { sequence }) => tokenizer?.decode(parameters, sequence),
  },
  {
    name: 'teacher',
    weights: ({ hostTeacherParameters }) => hostTeacherParameters,
    compute: ({ teacher }, parameters, { sequence, condition }) => {
      const t = tf.fill(sequence.shape.slice(0, -1), MIN_TIMESTEP);
      return teacher.denoised(teacher.read(parameters, sequence, condition), sequence, t);
    },
  },
  {
    name: 'generator',
    weights: ({ hostGeneratorParameters }) => hostGeneratorParameters,
    compute: ({ generator }, parameters, { sequence, condition }) =>
      generator.generate(parameters, sequence, condition),
  },
];

/** Rule of what is kept in files: parameters and the architecture are all that there is of a part. */
export const storageChecks: readonly Check<Subject>[] = STORED.map((stored) => ({
  id: `${stored.name}-storage`,
  name: `storage: the ${stored.name} computes the same after it was saved and loaded`,
  needs: [`${stored.name}-compiled`],
  run: async (subject) => {
    const before = stored.compute(subject, toTensors(stored.weights(subject)), subject);
    if (!before) return;
    const loaded = await savedAndLoaded(subject, stored);
    const after = stored.compute(loaded.parts, toTensors(loaded.weights), subject);
    requireThat(
      after !== undefined && equalValues(before.dataSync(), after.dataSync()),
      'With the same architecture and the same parameters it computes something else: keep nothing else in it, and draw nothing at random.',
    );
  },
  exempts: (subject) => (subject[stored.name] ? undefined : `the backbone has no ${stored.name}`),
}));

/** The part as another process would make it: all that it gets is what the files say. */
async function savedAndLoaded(
  { backbone, architecture, sampling, ...subject }: Subject,
  { name, weights }: Stored,
): Promise<{ readonly parts: Parts; readonly weights: HostTensors }> {
  const folder = await temporaryFolder();
  try {
    const file = path.join(folder, `${name}.safetensors`);
    const written = weights({ backbone, architecture, sampling, ...subject });
    await writeSafetensors(file, written, { architecture: JSON.stringify(architecture) });
    const { tensors, metadata } = await readSafetensors(file);
    const read = requireParsed(
      'architectureSchema refuses the architecture as JSON',
      backbone.architectureSchema.safeParse(JSON.parse(metadata['architecture']!)),
    );
    const parts = createParts(backbone, read, sampling);
    const specs: ParameterSpecs = parts[name]!.parameterSpecs;
    requireParameters(specs, tensors);
    return { parts, weights: tensors };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(path.join(tmpdir(), 'ar-distill-conformance-'));
  } catch (cause) {
    throw new Error(
      `Nothing can be written to the temporary folder "${tmpdir()}": name another one with TMPDIR.`,
      { cause },
    );
  }
}
