import { arraysOf, describedArrays, parseExportedTeacher, zerosOf } from './exported-teacher';

const file = { name: 'weights.safetensors', bytes: 8, sha256: 'a'.repeat(64) };
const teacher = {
  format: 'ar-distill-teacher',
  version: 1,
  madeBy: 'a test',
  preset: 'plugin:preset',
  sampling: { guidanceScale: 1.5, topK: 0, topP: 1, temperature: 1 },
  name: 'tiny teacher',
  numClasses: 3,
  layout: { channels: 2, stepLengths: [1, 4] },
  imageShape: [4, 4, 1],
  draws: { draws: { kind: 'uniform', stream: 'tokens', shape: [] } },
  perStep: {},
  state: { latent: { shape: [1, 4, 2], dtype: 'float32' } },
  weights: file,
  programs: [],
};

it('reads what an export wrote', () => {
  expect(parseExportedTeacher(JSON.stringify(teacher))).toEqual(teacher);
});

it.each([
  ['its content', 'no JSON'],
  ['"version"', { ...teacher, version: 2 }],
  ['"layout.stepLengths"', { ...teacher, layout: { channels: 2, stepLengths: [] } }],
  // A path would lead out of the folder.
  ['"weights.name"', { ...teacher, weights: { ...file, name: '../secret' } }],
  ['"weights.sha256"', { ...teacher, weights: { ...file, sha256: '1' } }],
])('names %s where that is wrong', (place, wrong) => {
  expect(() => parseExportedTeacher(JSON.stringify(wrong))).toThrow(
    `"programs.json" describes no exported teacher of a known version, as ${place} shows: export the teacher again.`,
  );
});

it('keeps arrays exactly', () => {
  const values = {
    guided: { shape: [2], dtype: 'float32', data: Float32Array.of(0.1, 1 / 3) },
    start: { shape: [], dtype: 'int32', data: Int32Array.of(-7) },
  } as const;
  const text = JSON.stringify(describedArrays(values));
  expect(arraysOf(JSON.parse(text) as ReturnType<typeof describedArrays>)).toEqual(values);
  expect(zerosOf(teacher.state as Parameters<typeof zerosOf>[0])).toEqual({
    latent: { shape: [1, 4, 2], dtype: 'float32', data: new Float32Array(8) },
  });
});
