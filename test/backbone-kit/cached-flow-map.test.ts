import type { GuidedTeacher } from '@ar-distill/backbone-kit';
import {
  ofClasses,
  PLAIN_SAMPLING,
  sequenceLength,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { compileFlowMap } from '@ar-distill/core/sampling';
import { createEngine } from '@ar-distill/engine';
import { llamagenBackbone, LlamagenTeacher } from '@ar-distill/plugin-llamagen';
import { varBackbone, VarTeacher } from '@ar-distill/plugin-var';
import { createRng, float32, type HostTensors } from '@ar-distill/program';

const LABELS = Int32Array.of(0, 2, 1, 0);
const guided: TeacherSamplingOptions = { guidanceScale: 2, topK: 9, topP: 0.9, temperature: 1 };
const rng = createRng(4);
const engine = createEngine({ worker: false, threads: 1 });
afterAll(() => engine.dispose());

const ofVar = (sampling: TeacherSamplingOptions, codeScale: number) =>
  new VarTeacher({ ...varBackbone.smallArchitecture!, codeScale }, sampling);
const ofLlamagen = (sampling: TeacherSamplingOptions, codeScale: number) =>
  new LlamagenTeacher({ ...llamagenBackbone.smallArchitecture!, codeScale }, sampling);

/** Large enough for the logits to differ: the fresh classifier is zero. */
function randomWeights({ parameterSpecs }: GuidedTeacher): HostTensors {
  return Object.fromEntries(
    Object.entries(parameterSpecs).map(([name, { shape }]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [
        name,
        float32(
          shape,
          rng.normal(name, 0, size).map((value) => 0.4 * value),
        ),
      ];
    }),
  );
}

async function mapped(teacher: GuidedTeacher) {
  const program = { teacher, weights: randomWeights(teacher), batchSize: LABELS.length };
  const map = await compileFlowMap({ ...program, solverSteps: 3 }, engine);
  const { sequence, tokens } = await map.sample(ofClasses(LABELS), rng, 5);
  await map.dispose();
  return { sequence, tokens: tokens!, evaluations: map.evaluations };
}

it.each([
  ['VAR, with guidance and truncation', ofVar, guided, 1.7],
  ['VAR', ofVar, PLAIN_SAMPLING, 1],
  ['LlamaGen, with guidance and truncation', ofLlamagen, guided, 1.7],
  ['LlamaGen', ofLlamagen, PLAIN_SAMPLING, 1],
])(
  'the flow map has the same codes from the cache of %s as without it',
  async (_, createTeacher, sampling, codeScale) => {
    const teacher: GuidedTeacher = createTeacher(sampling, codeScale);
    const lent = jest.spyOn(teacher, 'createCachedSampler');
    const cached = await mapped(teacher);
    expect(lent).toHaveBeenCalledTimes(1);
    const withoutCache = Object.create(createTeacher(sampling, codeScale), {
      createCachedSampler: { value: undefined },
    }) as GuidedTeacher;
    expect(cached).toEqual(await mapped(withoutCache));
    const { layout } = teacher;
    expect(cached.tokens.shape).toEqual([LABELS.length, sequenceLength(layout)]);
    expect(cached.evaluations).toBe(layout.stepLengths.length);
    // So many different codes that equal ones are no accident.
    expect(new Set(cached.tokens.data).size).toBeGreaterThan(5);
  },
);
