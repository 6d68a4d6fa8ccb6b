import type { QuickRun } from './quick-runs';
import type { Marker, NameTable } from './name-table';
import { isTree, leaves, moved, valueAt, withValue, type Tree } from './tree';

/** Files of a revision. */
export interface SourceTree {
  /** Text of a file, by its path in the repository; undefined when there is none. */
  read(file: string): Promise<string | undefined>;
}

/** How a revision is told to do a quick run. */
export interface Dialect {
  /** The command's entry once the revision is built: a path in the repository. */
  readonly entry: string;
  /** Keys of the config file of `distill`, all but where it writes to. */
  readonly config: Tree;
}

/**
 * A quick run in the words of one revision.
 * @throws Error when the revision has none of the table's commands.
 */
export async function dialectOf(
  { preset, samples, settings, adaptation }: QuickRun,
  names: NameTable,
  tree: SourceTree,
): Promise<Dialect> {
  const entry = await entryOf(names, tree);
  let config: Tree = {
    preset,
    samples,
    settings,
    ...(adaptation ? { adaptation } : {}),
    report: false,
    threads: 1,
  };
  for (const { key, since, instead } of names.added) {
    if (valueAt(config, key) === undefined || (await has(tree, since))) continue;
    config = { ...withValue(config, key, undefined), ...instead };
  }
  for (const { from, to, since } of names.settings) {
    if (await has(tree, since)) config = moved(config, from, to);
  }
  return { entry, config };
}

/**
 * Checks that a run used the values of `QUICK_RUNS`, given as keys or not: whatever its `config.json` holds at
 * the path of one must be it. A path that it does not hold says nothing.
 * @throws Error naming the first setting that has another value.
 */
export function checkRecorded(
  recorded: unknown,
  { adaptation }: QuickRun,
  { config }: Dialect,
): void {
  if (!isTree(recorded)) throw new Error("The run's config.json holds no keys.");
  const asked: Tree = { ...(adaptation ? { adaptation } : {}), ...config };
  for (const [path, value] of leaves(asked)) {
    const used = valueAt(recorded, path);
    if (used === undefined || JSON.stringify(used) === JSON.stringify(value)) continue;
    throw new Error(
      `The run used ${path} = ${JSON.stringify(used)}, not ${JSON.stringify(value)}: add what changed to the table of names.`,
    );
  }
}

async function entryOf({ commands }: NameTable, tree: SourceTree): Promise<string> {
  for (const { source, built } of commands) {
    if ((await tree.read(source)) !== undefined) return built;
  }
  const sources = commands.map(({ source }) => source).join(' or ');
  throw new Error(`The revision has no ${sources}: add its command to the table of names.`);
}

async function has(tree: SourceTree, { file, text = '' }: Marker): Promise<boolean> {
  return (await tree.read(file))?.includes(text) ?? false;
}
