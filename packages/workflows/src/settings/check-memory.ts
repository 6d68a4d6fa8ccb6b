import { totalmem } from 'node:os';
import { InvalidOptionError } from '../errors';

const FLOAT32_BYTES = 4;
const GIBIBYTE = 2 ** 30;

/**
 * Checks float32 arrays that are held in memory together, before they are drawn.
 * @param what begins the sentence.
 * @param count how many there are.
 * @param shape of each.
 * @throws InvalidOptionError when they are larger than all memory of the machine.
 */
export function checkMemory(what: string, count: number, shape: readonly number[]): void {
  const bytes = shape.reduce((product, size) => product * size, count * FLOAT32_BYTES);
  const memory = totalmem();
  if (bytes <= memory) return;
  throw new InvalidOptionError(
    `${what} would take ${Math.ceil(bytes / GIBIBYTE)} GiB of memory, and this machine has ${(memory / GIBIBYTE).toFixed(1)} GiB: ask for fewer.`,
  );
}
