import { createHash } from 'node:crypto';
import { isTree, type Tree } from './merge';

/** SHA-256 of nested values, the same whatever the order of their keys; one that is undefined is not there. */
export function checksumOfTree(tree: Tree): string {
  const sorted = (_name: string, value: unknown): unknown =>
    isTree(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return createHash('sha256').update(JSON.stringify(tree, sorted)).digest('hex');
}
