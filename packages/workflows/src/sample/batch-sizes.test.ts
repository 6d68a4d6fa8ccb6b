import { sequenceBatch } from '@ar-distill/core/sampling';
import { imageBatch } from './batch-sizes';

const layout = (n: number) => ({ channels: 8, stepLengths: new Array<number>(n).fill(1) });

it('draws small images together and large ones one by one', () => {
  expect(sequenceBatch(layout(30), 256)).toBe(256);
  expect(sequenceBatch(layout(680), 256)).toBe(12);
  expect(sequenceBatch(layout(20_000), 256)).toBe(1);
  expect(imageBatch(layout(30), [32, 32, 1], 250)).toBe(250);
  expect(imageBatch(layout(680), [256, 256, 3], 100)).toBe(4);
  expect(imageBatch(layout(680), [256, 256, 3], 2)).toBe(2);
  expect(imageBatch(layout(2240), [1024, 1024, 3], 100)).toBe(1);
});
