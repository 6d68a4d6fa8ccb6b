import { isTree, type Tree } from '@ar-distill/workflows';
import { z } from 'zod';
import { flagOf } from './resolve-options';
import { loadConfig } from './load-config';
import { UsageError } from '../errors';

/** Errors of the workflows, told by what they carry: there may be more than one copy of a package. */
interface OptionError extends Error {
  readonly options: readonly string[];
  readonly path?: readonly string[];
  explain?(source: string): string;
}

/**
 * An error about an option, in the words of the command line: options as flags, and a setting with the
 * file that it stands in. Any other error as it is.
 */
export function withSource(error: unknown, flags: Tree, cwd: string): unknown {
  if (!isOptionError(error)) return error;
  const { path, explain, options } = error;
  if (path && explain) return new UsageError(explain(sourceOf(path, flags, cwd)), { cause: error });
  const message = options.reduce(
    (text, option) => text.replaceAll(`"${option}"`, flagOf([option])),
    error.message,
  );
  return new UsageError(message, { cause: error });
}

function isOptionError(error: unknown): error is OptionError {
  return (
    error instanceof Error &&
    error.name === 'InvalidOptionError' &&
    'options' in error &&
    Array.isArray(error.options)
  );
}

/** Settings stand beside the options, or under one of these. */
const GROUPS = ['settings', 'adaptation'] as const;

function sourceOf(path: readonly string[], flags: Tree, cwd: string): string {
  if (holds(flags, path)) return ' on the command line';
  const { config } = flags;
  if (typeof config !== 'string') return '';
  return holds(loadConfig(config, cwd, z.record(z.string(), z.unknown())), path)
    ? ` in ${config}`
    : '';
}

function holds(options: Tree, path: readonly string[]): boolean {
  return [options, ...GROUPS.map((group) => options[group])].some((tree) => holdsPath(tree, path));
}

/** True where a value stands at a path of keys, whatever it is. */
export function holdsPath(tree: unknown, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  return isTree(tree) && Object.hasOwn(tree, first) && holdsPath(tree[first], rest);
}
