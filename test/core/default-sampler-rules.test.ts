import * as kit from '@ar-distill/backbone-kit';
import { checkBackbone } from '@ar-distill/conformance';
import type { SequenceSampler } from '@ar-distill/core';
import { createEngine } from '@ar-distill/engine';
import { createRng } from '@ar-distill/program';
import { tinyBackbone, TinyTeacher } from './tiny-plugin';

jest.mock('@ar-distill/backbone-kit', () => {
  const actual = jest.requireActual<typeof kit>('@ar-distill/backbone-kit');
  return { ...actual, defaultSampler: jest.fn(actual.defaultSampler) };
});

const { defaultSampler } = jest.requireActual<typeof kit>('@ar-distill/backbone-kit');

/** A teacher whose own sampler is right, whatever the default is. */
class OwnSampler extends TinyTeacher {
  override createSampler(...given: Parameters<TinyTeacher['createSampler']>) {
    return defaultSampler(this, ...given);
  }
}

const compiler = createEngine({ worker: false, threads: 1 });
afterAll(() => compiler.dispose());
jest.setTimeout(600_000);

test('the default sampler is checked as one of a plugin is', async () => {
  jest.mocked(kit.defaultSampler).mockImplementation(async (...given) => {
    const sampler = await defaultSampler(...given);
    const constant = {
      ...createRng(0),
      uniform: (_: string, __: number, count: number) => new Float32Array(count).fill(0.3),
    };
    const sample: SequenceSampler['sample'] = (condition, _rng, first) =>
      sampler.sample(condition, constant, first);
    return { ...sampler, sample };
  });
  const backbone = {
    ...tinyBackbone(),
    createTeacher: (_architecture: object, sampling: TinyTeacher['sampling']) =>
      new OwnSampler(sampling),
  };
  const results = await checkBackbone(backbone, {}, { rng: createRng(0), compiler });
  const failed = results.filter(({ state }) => state === 'failed').map(({ name }) => name);
  expect(failed).toEqual([
    'default sampler: the frequencies of its tokens are the teacher-forced probabilities',
  ]);
});
