import {
  type CheckpointFile,
  CheckpointFormatError,
  openCheckpoint,
  unreadable,
} from '@ar-distill/checkpoints';
import type { HostTensors, TensorSource } from '@ar-distill/program';
import { withoutPrefix, wrapperPrefix } from './wrapper-prefix';

/** Where training scripts put the state dict, in the order in which they are tried. */
const PLACES = ['', 'model', 'module', 'state_dict'];

/** Weights of another project. */
export interface ForeignWeights {
  readonly tensors: TensorSource;
  close(): Promise<void>;
}

/**
 * Opens a checkpoint of another project, a file or a folder; its tensors are read one by one. Names that a
 * wrapper put something in front of are known without it, too.
 * @throws CheckpointFormatError when it is damaged, or holds several state dicts of which none is preferred.
 */
export async function openForeignWeights(file: string): Promise<ForeignWeights> {
  const opened = await openCheckpoint(file);
  try {
    return { tensors: sourceOf(opened, stateDictOf(file, opened)), close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function stateDictOf(file: string, { dicts, blocked }: CheckpointFile): string {
  for (const place of PLACES) {
    if (dicts.some((dict) => dict.path === place)) return place;
    const block = blocked.find((dict) => dict.path === place);
    if (block) throw new CheckpointFormatError(file, `${unreadable(block).message}.`);
  }
  const [only, ...others] = dicts;
  if (only && others.length === 0) return only.path;
  const places = dicts.slice(0, 8).map((dict) => `"${dict.path}"`);
  throw new CheckpointFormatError(
    file,
    `it holds several state dicts (${places.join(', ')}${dicts.length > 8 ? ', …' : ''}): take one out of it with "ar-distill import --key".`,
  );
}

/** The tensors of a state dict, those of dicts inside of it among them, by their names in it. */
function sourceOf({ specs, read }: CheckpointFile, place: string): TensorSource {
  const inDict = place === '' ? '' : `${place}.`;
  const stored = withoutPrefix(
    Object.fromEntries(Object.keys(specs).map((name) => [name, name])),
    inDict,
  );
  const own = Object.fromEntries(
    Object.entries(stored).map(([name, full]) => [name, specs[full]!]),
  );
  const prefix = wrapperPrefix(own);
  const names = { ...withoutPrefix(stored, prefix), ...stored };
  return {
    specs: { ...withoutPrefix(own, prefix), ...own },
    read: async (wanted) => {
      const tensors: HostTensors = {};
      for (const name of wanted) tensors[name] = await read(names[name] ?? name);
      return tensors;
    },
  };
}
