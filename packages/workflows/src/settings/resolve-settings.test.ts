import { distillationSettingsSchema } from '@ar-distill/core/methods';
import { parse } from 'yaml';
import { InvalidOptionError, InvalidSettingError } from '../errors';
import { resolveSettings } from './resolve-settings';

const preset = distillationSettingsSchema.parse({
  teacherPoolSize: 10,
  tuning: { headIterations: 3, fullIterations: 4, batchSize: 8, learningRate: 1e-3 },
  generatorIterations: 5,
  batchSize: 8,
  generatorLearningRate: 1e-4,
  guidanceLearningRate: 2e-4,
});

const resolve = (...yaml: readonly string[]) =>
  resolveSettings(
    'method "csd"',
    distillationSettingsSchema,
    preset,
    ...yaml.map((text) => parse(text)),
  );

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('resolveSettings', () => {
  it('puts layers on top of the preset, at every depth', () => {
    const resolved = resolve(
      '{ emaDecay: 0.5, tuning: { batchSize: 16 }, stepWeights: [3, 1] }',
      '{ tuning: { headIterations: 0 }, stepWeights: [1, 3] }',
    );
    expect(resolved).toEqual({
      ...preset,
      emaDecay: 0.5,
      stepWeights: [1, 3],
      tuning: { ...preset.tuning, batchSize: 16, headIterations: 0 },
    });
  });

  it('fills in defaults that an older preset does not state', () => {
    const { sidAlpha, ...older } = preset;
    expect(sidAlpha).toBe(1);
    expect(resolveSettings('method', distillationSettingsSchema, older)).toEqual(preset);
  });

  it.each([
    [
      'tuning: { headIteration: 3 }',
      'The setting "tuning.headIteration" of the method "csd" is not a known key: did you mean "tuning.headIterations"?',
    ],
    [
      'batchSize: big',
      'The setting "batchSize" of the method "csd" is wrong: expected a number, not "big".',
    ],
    ['gradientClip: -1', 'The setting "gradientClip" of the method "csd" is wrong'],
    ['tuning: 3', 'The setting "tuning" of the method "csd" is wrong: expected an object, not 3.'],
    ['beta3: 1', 'did you mean "beta1"?'],
    ['__proto__: { a: 1 }', 'is not a known key'],
    ['constructor: { a: 1 }', 'is not a known key'],
  ])('refuses %j with one sentence', (yaml, sentence) => {
    expect(() => resolve(yaml)).toThrow(InvalidOptionError);
    expect(() => resolve(yaml)).toThrow(sentence);
  });

  it('says where a setting stands that is wrong, when it is told', () => {
    const refusal = thrown(() => resolve('{ tuning: { batchSize: 0 } }'));
    expect(refusal).toBeInstanceOf(InvalidSettingError);
    const { path, explain } = refusal as InvalidSettingError;
    expect(path).toEqual(['tuning', 'batchSize']);
    expect(explain(' in run.yaml')).toBe(
      'The setting "tuning.batchSize" of the method "csd" in run.yaml is wrong: expected a number above 0, not 0.',
    );
  });

  it('blames the preset for what is wrong in it', () => {
    const broken = { ...preset, tuning: { ...preset.tuning, batchSize: -1 } };
    const refusal = thrown(() =>
      resolveSettings('method "csd"', distillationSettingsSchema, broken, { batchSize: 3 }),
    );
    expect(refusal).not.toBeInstanceOf(InvalidOptionError);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(/of the method "csd" in the preset itself is wrong: .*-1\.$/),
    });
  });

  it('lists the known keys when none is near', () => {
    expect(() => resolve('tuning: { qqqqqqqq: 1 }')).toThrow(
      /not a known key: known keys are headIterations, .*emaDecay\.$/,
    );
  });
});
