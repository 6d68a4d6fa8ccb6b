import { sequenceBatch } from './batch-sizes';

const layout = (n: number) => ({ channels: 8, stepLengths: new Array<number>(n).fill(1) });

it('draws short sequences together and very long ones one by one', () => {
  expect(sequenceBatch(layout(30), 256)).toBe(256);
  expect(sequenceBatch(layout(30), 2)).toBe(2);
  expect(sequenceBatch(layout(680), 256)).toBe(12);
  expect(sequenceBatch(layout(8192), 256)).toBe(1);
  expect(sequenceBatch(layout(20_000), 256)).toBe(1);
});
