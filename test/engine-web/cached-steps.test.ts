import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { type DiscreteScoreTeacher, ofClasses, stepStarts } from '@ar-distill/core';
import { arStepPrograms } from '@ar-distill/core/sampling';
import { createEngine, createModelExporter } from '@ar-distill/engine';
import { writeSafetensors } from '@ar-distill/checkpoints';
import { sampleCodes } from '@ar-distill/nn';
import { LlamagenTeacher } from '@ar-distill/plugin-llamagen';
import { VarTeacher } from '@ar-distill/plugin-var';
import {
  createRng,
  exportedPrograms,
  type HostTensor,
  type HostTensors,
  specsOf,
} from '@ar-distill/program';
import {
  compileWatchedDecoding,
  type CompilerOf,
} from '../../packages/core/src/sampling/watched-decoding';
import * as llamagen from '../llamagen/fixture';
import * as scales from '../var/fixture';

const BATCH = 2;
const LABELS = ofClasses(Int32Array.of(3, 7));
const root = mkdtempSync(path.join(tmpdir(), 'ar-distill-steps-'));
const engine = createEngine({ worker: false, threads: 1 });

beforeAll(() => tf.enableProdMode());
afterAll(async () => {
  await engine.dispose();
  rmSync(root, { recursive: true, force: true });
});

const guided = { guidanceScale: 3, topK: 40, topP: 0.95, temperature: 1.1 };
const plain = { guidanceScale: 0, topK: 0, topP: 1, temperature: 1 };
const FAMILIES: readonly [string, DiscreteScoreTeacher, () => Promise<HostTensors>][] = [
  ['VAR, guided', new VarTeacher(scales.tinyArchitecture, guided), scales.loadWeights],
  ['VAR', new VarTeacher(scales.tinyArchitecture, plain), scales.loadWeights],
  [
    'LlamaGen, guided up to a position',
    new LlamagenTeacher({ ...llamagen.tinyArchitecture, guidanceInterval: 6 }, guided),
    llamagen.loadWeights,
  ],
];

describe.each(FAMILIES)('the AR steps of %s, each in a run of its own', (name, teacher, load) => {
  const { layout, condition } = teacher;
  const steps = teacher.cachedSteps!({ batchSize: BATCH, choose: sampleCodes });
  const parts = {
    ...steps,
    ...{ name, layout, condition, batchSize: BATCH },
    evaluations: layout.stepLengths.length,
    draws: { draws: { kind: 'uniform', stream: teacher.samplingStream, shape: [] } },
  } as const;
  let weights: HostTensors;
  /** Tokens of two batches, one after the other. */
  let expected: readonly HostTensor[];

  beforeAll(async () => {
    const all = await load();
    weights = Object.fromEntries(
      Object.keys(teacher.parameterSpecs).map((key) => [key, all[key]!]),
    );
    const sampler = await teacher.createSampler(engine, weights, BATCH);
    const batch = async (first: number) =>
      (await sampler.sample(LABELS, createRng(5), first)).tokens!;
    expected = [await batch(0), await batch(BATCH)];
    await sampler.dispose();
  });

  const programs = () => arStepPrograms({ ...parts, weights }, Object.keys(steps.initialState()));

  async function expectTheSame(
    compiler: CompilerOf<ReturnType<typeof programs>[number]>,
  ): Promise<void> {
    const watched = await compileWatchedDecoding(
      parts,
      programs(),
      () => steps.initialState(),
      compiler,
    );
    for (const [i, tokens] of expected.entries()) {
      const seen: HostTensor[] = [];
      const drawn = await watched.sample(LABELS, createRng(5), i * BATCH, ({ sequence }) => {
        seen.push(sequence);
      });
      expect(drawn.tokens).toEqual(tokens);
      expect(seen.at(-1)).toEqual(drawn.sequence);
      // After a step everything up to its end is there, and nothing behind it.
      for (const [step, start] of stepStarts(layout).entries()) {
        const end = (start + layout.stepLengths[step]!) * layout.channels;
        const size = drawn.sequence.data.length / BATCH;
        const row = seen[step]!.data.subarray(0, size);
        expect(row.subarray(0, end)).toEqual(drawn.sequence.data.subarray(0, end));
        expect(row.subarray(end).every((value) => value === 0)).toBe(true);
      }
    }
    await watched.dispose();
  }

  it('draws the tokens of the sampler', () => expectTheSame(engine));

  it('draws them from models in files with shared weights', async () => {
    const exporter = createModelExporter({ threads: 1 });
    const exported = exporter.exportSteps(programs(), specsOf(steps.initialState()));
    // Every weight once, under its own name.
    expect(Object.keys(weights)).toEqual(expect.arrayContaining(Object.keys(exported.weights)));
    const folder = mkdtempSync(path.join(root, 'models-'));
    const file = path.join(folder, 'weights');
    await writeSafetensors(file, exported.weights);
    const start = 8 + Number(readFileSync(file).readBigUInt64LE());
    const bytes = exported.encode('weights', start);
    for (const [i, model] of bytes.entries()) {
      expect(model.length).toBeLessThan(100_000);
      writeFileSync(path.join(folder, exported.programs[i]!.name), model);
    }
    await expectTheSame(
      exportedPrograms(exported.programs, (program) =>
        exporter.open(path.join(folder, program.name)),
      ),
    );
  });
});
