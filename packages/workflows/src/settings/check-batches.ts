import { checkMemory } from './check-memory';
import { isTree, type Tree } from './merge';

/**
 * Checks every `batchSize` of settings, however deep it stands, before anything is compiled for it: what one
 * batch is made of has to fit into memory, whatever a network makes of it.
 * @param shape of one of the batch.
 * @param parent name of the setting that `settings` are; none when left out.
 * @throws InvalidOptionError naming the first one that does not.
 */
export function checkBatches(settings: Tree, shape: readonly number[], parent = ''): void {
  for (const [key, value] of Object.entries(settings)) {
    const name = `${parent}${key}`;
    if (isTree(value)) checkBatches(value, shape, `${name}.`);
    else if (key === 'batchSize' && typeof value === 'number') {
      checkMemory(`A "${name}" of ${value}`, value, shape);
    }
  }
}
