import type { Tree } from './tree';

/** How a revision is told: it has this file and, where `text` is given, this text in it. */
export interface Marker {
  /** Path in the repository, with `/`. */
  readonly file: string;
  readonly text?: string;
}

/** A name before and after; one `*` stands for any text and is put in where `to` has its `*`. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** What the same thing is called at different revisions. */
export interface NameTable {
  /** Entries of the command; a revision's is the first whose source it has. */
  readonly commands: readonly {
    readonly source: string;
    readonly built: string;
  }[];
  /**
   * Keys of `distill`'s config file, as dotted paths, that the first revision does not take. From the marker on the key
   * is written, before it `instead`.
   */
  readonly added: readonly {
    readonly key: string;
    readonly since: Marker;
    readonly instead: Tree;
  }[];
  /** Renamed keys of `distill`'s config file, as dotted paths, from the marker on. */
  readonly settings: readonly (Rename & { readonly since: Marker })[];
  /** Renamed files of a run: paths in its folder, with `/`. */
  readonly files: readonly Rename[];
  /** Renamed tensors, and arrays of the npz, in any file. */
  readonly tensors: readonly Rename[];
}

/**
 * The latest name of what `name` is called at some revision: all lines are applied in their order.
 * A name that is new already stays as it is, so lines must never bring an old name back.
 */
export function latestName(name: string, renames: readonly Rename[]): string {
  return renames.reduce((current, rename) => renamed(current, rename), name);
}

function renamed(name: string, { from, to }: Rename): string {
  const [before = '', after] = from.split('*');
  if (after === undefined) return name === from ? to : name;
  const fits = name.length >= from.length - 1 && name.startsWith(before) && name.endsWith(after);
  return fits ? to.replace('*', () => name.slice(before.length, name.length - after.length)) : name;
}
