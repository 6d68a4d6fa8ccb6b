import { createRng, float32, int32 } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import {
  checkCondition,
  classCondition,
  classesOf,
  conditionInputs,
  conditionOf,
  conditionRows,
  type ConditionSpace,
  conditionSpecs,
  labelsOf,
  ofClasses,
  UNCONDITIONAL,
} from './condition';
import { canBeDropped, dropCondition, nothingGiven, withNothingGiven } from './condition-dropout';

/** A caption that can be left out, and a size that cannot. */
const CAPTIONED: ConditionSpace = {
  values: {
    caption: { shape: [2, 3], dtype: 'float32', nothing: 0 },
    size: { shape: [], dtype: 'int32' },
  },
  inTurn: () => ({}),
  draw: () => ({}),
};
const caption = (count: number) =>
  float32(
    [count, 2, 3],
    Float32Array.from({ length: 6 * count }, (_, i) => i + 1),
  );

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

describe('a class condition', () => {
  const space = classCondition(3);

  it('gives all classes in turn, and by the number of the sample at random', () => {
    expect(classesOf(space.inTurn(2, 5))).toEqual(Int32Array.of(2, 0, 1, 2, 0));
    const rng = createRng(1);
    const labels = classesOf(space.draw(rng, 'guidance', 10, 200))!;
    labels.forEach((label, i) => {
      expect(label).toBe(rng.integers('guidance/labels', 10 + i, 1, 3)[0]);
    });
    expect(new Set(labels)).toEqual(new Set([0, 1, 2]));
  });

  it('puts the label after the last class where no class is given', () => {
    const { labels } = withNothingGiven(space, { labels: tf.tensor1d([0, 2], 'int32') });
    expect([labels!.dtype, ...labels!.dataSync()]).toEqual(['int32', 0, 2, 3, 3]);
  });

  it('is not found in other conditions', () => {
    expect(classesOf({ ...ofClasses(Int32Array.of(1)), size: int32([1], Int32Array.of(4)) })).toBe(
      undefined,
    );
    expect(() => labelsOf({})).toThrow('This network is conditioned on a class');
  });
});

describe('what a condition leaves out', () => {
  const given = { caption: tf.ones([2, 2, 3]), size: tf.tensor1d([7, 8], 'int32') };

  it('is dropped sample by sample, as far as it can be', () => {
    const dropped = tf.tensor1d([true, false], 'bool');
    const seen = dropCondition(CAPTIONED, given, dropped);
    expect([...seen['caption']!.dataSync()]).toEqual([...Array(6).fill(0), ...Array(6).fill(1)]);
    expect(seen['size']).toBe(given.size);
    expect([CAPTIONED, classCondition(2), UNCONDITIONAL].map(canBeDropped)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is refused where it cannot be missing', () => {
    expect(() => nothingGiven(CAPTIONED, 2)).toThrow(
      'The condition "size" cannot be left out: turn guidance off.',
    );
  });
});

describe('a condition of a program', () => {
  const host = { caption: caption(3), size: int32([3], Int32Array.of(5, 6, 7)) };

  it('has inputs of its own, beside others', () => {
    expect(conditionSpecs(CAPTIONED, [4])).toEqual({
      'condition/caption': { shape: [4, 2, 3], dtype: 'float32' },
      'condition/size': { shape: [4], dtype: 'int32' },
    });
    const inputs = { ...conditionInputs(host), size: caption(1) };
    expect(Object.keys(inputs)).toEqual(['condition/caption', 'condition/size', 'size']);
    const traced = { 'condition/size': tf.scalar(1), size: tf.scalar(2) };
    expect(conditionOf(traced)).toEqual({ size: traced['condition/size'] });
  });

  it('gives rows by their numbers', () => {
    const { caption: rows, size } = conditionRows(host, [2, 0]);
    expect(size).toEqual(int32([2], Int32Array.of(7, 5)));
    expect(rows!.shape).toEqual([2, 2, 3]);
    expect([...rows!.data]).toEqual([13, 14, 15, 16, 17, 18, 1, 2, 3, 4, 5, 6]);
  });

  it('is checked by name', () => {
    expect(() => checkCondition(CAPTIONED, host, 3)).not.toThrow();
    expect(() => checkCondition(UNCONDITIONAL, {}, 3)).not.toThrow();
    expect(() => checkCondition(CAPTIONED, { caption: host.caption }, 3)).toThrow(
      'The condition "size" is missing: give one per sample.',
    );
    expect(() => checkCondition(UNCONDITIONAL, host, 3)).toThrow(
      'This backbone knows no condition "caption": leave it out.',
    );
    expect(() => checkCondition(CAPTIONED, host, 4)).toThrow(
      'The condition "caption" is float32 [3, 2, 3] where float32 [4, 2, 3] is needed',
    );
    const wrongType = { ...host, size: float32([3], new Float32Array(3)) };
    expect(() => checkCondition(CAPTIONED, wrongType, 3)).toThrow(
      '"size" is float32 [3] where int32 [3] is needed: give one row for each of 3 samples.',
    );
    for (const label of [-1, 3]) {
      const labels = ofClasses(Int32Array.of(0, label));
      expect(() => checkCondition(classCondition(3), labels, 2)).toThrow(
        `There is no class ${label}: give classes from 0 to 2.`,
      );
    }
  });
});
