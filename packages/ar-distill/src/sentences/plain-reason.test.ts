import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { createEngine } from '@ar-distill/engine';
import { float32, type StepProgram } from '@ar-distill/program';
import { z } from 'zod';
import { plainReason } from './plain-reason';

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

describe('plainReason', () => {
  it('leaves messages of our own as they are, and takes anything that was thrown', () => {
    expect(plainReason(new Error('There is no preset "x": name one.'))).toBe(
      'There is no preset "x": name one.',
    );
    expect(plainReason('a text')).toBe('a text');
  });

  it('names the file that the system refused', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ar-distill-reasons-'));
    const file = join(folder, 'file');
    closeSync(openSync(file, 'w'));
    const sentences = [
      () => readFileSync(join(folder, 'nothing')),
      () => readFileSync(folder),
      () => readFileSync(join(file, 'inner')),
      () => readdirSync(file),
      () => openSync(file, 'wx'),
      () => readFileSync(join(folder, 'n'.repeat(300))),
    ].map((action) => plainReason(thrown(action)));
    rmSync(folder, { recursive: true });
    expect(sentences).toEqual([
      `There is no file or folder "${folder}/nothing": name one that is there.`,
      // The system does not say which.
      'A file is a folder where a file is needed: name a file.',
      `"${file}/inner" is no folder, or lies in something that is none: name another place.`,
      `"${file}" is no folder, or lies in something that is none: name another place.`,
      `"${file}" is there already: remove it, or name another place.`,
      expect.stringMatching(/^The name "\/.*n…" is too long: give a shorter one\.$/),
    ]);
  });

  it('says what is wrong with a value instead of printing JSON', () => {
    const schema = z.strictObject({ size: z.int().positive() });
    expect(plainReason(thrown(() => schema.parse({ size: -1 })))).toBe(
      '"size" is wrong: expected a number above 0, in what a plugin or a file brings: mend it there, or use another.',
    );
  });

  it('says that there is no memory', () => {
    const sentence = /^There is not enough memory for this: /;
    expect(plainReason(thrown(() => new Float32Array(2 ** 53)))).toMatch(sentence);
    expect(plainReason(thrown(() => new Array(-1)))).toMatch(sentence);
  });

  it('asks for a report of what only a mistake in a program throws', () => {
    const nothing: { readonly inner?: { readonly name: string } } = JSON.parse('{}');
    expect(plainReason(thrown(() => nothing.inner!.name))).toMatch(
      /^Something went wrong inside of AR-Distill or a plugin \(Cannot read .*\): please report it/,
    );
  });

  it('names the step that cannot be computed, not what TensorFlow.js or the engine say', async () => {
    tf.enableProdMode();
    const failure = async (backend: 'onnxruntime' | 'cpu', fn: StepProgram['fn']) => {
      const engine = createEngine({ backend, worker: false, threads: 1 });
      try {
        const inputs = { x: { shape: [3], dtype: 'float32' } } as const;
        const step = await engine.compile({ name: 'generator', inputs, fn });
        await step.run({ x: float32([3], new Float32Array(3)) });
      } catch (error) {
        return plainReason(error);
      } finally {
        await engine.dispose();
      }
      return undefined;
    };
    const end =
      'cannot be computed with these weights and settings: take ones that belong together (AR_DISTILL_DEBUG=1 in front of the command shows more).';
    const misfits: StepProgram['fn'][] = [
      ({ inputs }) => ({ outputs: { y: tf.add(inputs['x']!, tf.zeros([4])) } }),
      ({ inputs }) => ({ outputs: { y: tf.matMul(inputs['x']!.as2D(1, 3), tf.zeros([4, 2])) } }),
      ({ constants, inputs }) => ({ outputs: { y: tf.add(inputs['x']!, constants['absent']!) } }),
    ];
    for (const misfit of misfits) {
      expect(await failure('onnxruntime', misfit)).toBe(`The step "generator" ${end}`);
      expect(await failure('cpu', misfit)).toBe(`A step ${end}`);
    }
    const own: StepProgram['fn'] = () => {
      throw new RangeError('The teacher has no such step: ask for fewer.');
    };
    expect(await failure('onnxruntime', own)).toBe('The teacher has no such step: ask for fewer.');
  });

  it.each([
    ['Failed to load shared library libcudart.so.12', /"ar-distill doctor" says how to get it\.$/],
    ['[E:onnxruntime:] Failed to allocate memory for 1 TB', /there is not enough memory/],
    [
      'Non-zero status code\nreturned while running Add node',
      /that belong together \(AR_DISTILL_DEBUG=1/,
    ],
  ])('tells what ONNX Runtime means by %j', (raw, sentence) => {
    const text = plainReason(new Error(`The program "decoder" failed in ONNX Runtime: ${raw}`));
    expect(text).toMatch(/^The program "decoder" failed in ONNX Runtime/);
    expect(text).toMatch(sentence);
    expect(text).not.toContain(raw);
  });
});
