import nodeUtil from 'node:util';

/** Predicates of `node:util` that tfjs-node 4.22 calls; each is one comparison. */
const PREDICATES = {
  isArray: (value: unknown): boolean => Array.isArray(value),
  isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
} as const;

/**
 * Gives `node:util` the predicates that tfjs-node 4.22 calls: from Node 23 on one of them is gone, and
 * Node 22 warns of both. They do what they did.
 */
export function restoreOldPredicates(target: object = nodeUtil): void {
  for (const [name, value] of Object.entries(PREDICATES)) {
    Object.defineProperty(target, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}
