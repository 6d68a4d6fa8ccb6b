import { availableParallelism } from 'node:os';
import { physicalCores } from './physical-cores';

it('counts at least one core and no more than there are logical processors', () => {
  expect(Number.isInteger(physicalCores())).toBe(true);
  expect(physicalCores()).toBeGreaterThanOrEqual(1);
  expect(physicalCores()).toBeLessThanOrEqual(availableParallelism());
});
