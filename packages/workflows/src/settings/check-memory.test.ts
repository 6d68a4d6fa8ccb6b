import { totalmem } from 'node:os';
import { InvalidOptionError } from '../errors';
import { checkMemory } from './check-memory';

it('refuses arrays that are larger than all memory of the machine, and no others', () => {
  const floats = Math.floor(totalmem() / 4);
  const half = floats / 2;
  expect(() => checkMemory('2 images', 2, [Math.floor(half)])).not.toThrow();
  const refused = (): void => checkMemory('2 images', 2, [Math.ceil(half) + 1, 1]);
  expect(refused).toThrow(InvalidOptionError);
  expect(refused).toThrow(
    /^2 images would take \d+ GiB of memory, and this machine has [\d.]+ GiB: /,
  );
  expect(() => checkMemory('All', 2 ** 52, [2 ** 40])).toThrow(/GiB of memory/);
});
