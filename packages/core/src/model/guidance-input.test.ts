import { createRng } from '@ar-distill/program';
import * as tf from '@tensorflow/tfjs';
import { checkCondition, classCondition, classesOf, UNCONDITIONAL } from './condition';
import { atUsualGuidance, guidanceOf, splitGuidance, withGuidance } from './guidance-input';

const CLASSES = classCondition(10);
const INPUT = { range: [1, 5], scale: 2.7 } as const;
const space = withGuidance(CLASSES, INPUT);

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** How many of the scales lie in each quarter of the range. */
function quarters(scales: Iterable<number>): number[] {
  const counts = [0, 0, 0, 0];
  for (const scale of scales) counts[Math.floor(scale - 1)]!++;
  return counts;
}

it('gives every class the whole range in turn, by the number of the sample alone', () => {
  const given = space.inTurn(0, 4000);
  const labels = classesOf(given)!;
  expect(labels).toEqual(classesOf(CLASSES.inTurn(0, 4000)));
  for (const label of [0, 3, 9]) {
    const own = given['guidance']!.data.filter((_, i) => labels[i] === label);
    for (const count of quarters(own)) expect(Math.abs(count - 100)).toBeLessThanOrEqual(5);
  }
  expect(space.inTurn(17, 2)['guidance']!.data).toEqual(given['guidance']!.data.slice(17, 19));
});

it('draws scales uniformly, and the other values as without', () => {
  const rng = createRng(4);
  const drawn = space.draw(rng, 'generator', 30, 4000);
  expect(classesOf(drawn)).toEqual(classesOf(CLASSES.draw(rng, 'generator', 30, 4000)));
  // Five standard deviations of a count of 4,000 samples with probability 1/4.
  for (const count of quarters(drawn['guidance']!.data)) {
    expect(Math.abs(count - 1000)).toBeLessThan(137);
  }
  const [own] = rng.uniform('generator/guidance', 31, 1);
  expect(drawn['guidance']!.data[1]).toBe(Math.fround(1 + 4 * own!));
});

it('takes the scales of its range, its ends among them, and names the range for others', () => {
  const at = (...scales: number[]) => ({
    ...CLASSES.inTurn(0, scales.length),
    ...guidanceOf(Float32Array.from(scales)),
  });
  const wide = withGuidance(CLASSES, { range: [0.1, 2.7], scale: 1 });
  expect(() => checkCondition(wide, at(0.1, 1, 2.7), 3)).not.toThrow();
  for (const scale of [0, 2.75, NaN]) {
    expect(() => checkCondition(wide, at(1, scale), 2)).toThrow(
      `There is no guidance scale ${scale} here: give scales from 0.1 to 2.7.`,
    );
  }
  expect(() => checkCondition(CLASSES, at(1), 1)).toThrow('knows no condition "guidance"');
  expect(() => checkCondition(space, CLASSES.inTurn(0, 1), 1)).toThrow('"guidance" is missing');
});

it('completes conditions that say none with the usual scale', () => {
  const without = CLASSES.inTurn(0, 2);
  const completed = atUsualGuidance(space, without, 2);
  expect([...completed['guidance']!.data]).toEqual([Math.fround(2.7), Math.fround(2.7)]);
  expect(classesOf(completed)).toEqual(classesOf(without));
  const given = space.inTurn(5, 2);
  expect(atUsualGuidance(space, given, 2)).toBe(given);
  expect(atUsualGuidance(CLASSES, without, 2)).toBe(without);
});

it('leaves a space as it is without an input, and stands alone beside no other value', () => {
  expect(withGuidance(CLASSES, undefined)).toBe(CLASSES);
  const alone = withGuidance(UNCONDITIONAL, INPUT);
  expect(Object.keys(alone.inTurn(0, 3))).toEqual(['guidance']);
  expect(classesOf(alone.inTurn(0, 3))).toBeUndefined();
  const [labels, guidance] = [tf.tensor1d([1], 'int32'), tf.tensor1d([2])];
  expect(splitGuidance({ labels, guidance })).toEqual({ guidance, condition: { labels } });
  expect(splitGuidance({ labels })).toEqual({ guidance: undefined, condition: { labels } });
});
