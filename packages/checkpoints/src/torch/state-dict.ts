import { TorchTensor, type PickleDict, type PickleValue } from './pickle-values';

/** Keys under which training scripts put the state dict, in the order in which they are tried. */
const WRAPPERS = ['model', 'module', 'state_dict'] as const;

/** What no checkpoint has; hostile pickles can nest dicts into themselves and share long names. */
const MAX_DEPTH = 32;
const MAX_ENTRIES = 1_000_000;
const MAX_TENSORS = 200_000;
const MAX_NAME_LENGTH = 1024;

/** A dict of a checkpoint that holds tensors itself. */
export interface TensorDict {
  /** Dotted path inside the checkpoint; empty for the checkpoint itself. */
  readonly path: string;
  /** Keys of its tensors; `path`, a dot and the key are the tensor's name. */
  readonly keys: readonly string[];
}

/** Everything that a checkpoint holds. */
export interface CheckpointTensors {
  /** By their dotted names. */
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly dicts: readonly TensorDict[];
}

/**
 * All tensors of a checkpoint; numbers, text and `None` beside them are skipped.
 * @throws Error when there are none, or the dicts nest endlessly.
 */
export function collectTensors(root: PickleValue): CheckpointTensors {
  if (!(root instanceof Map))
    throw new Error('it holds no dict of tensors: save model.state_dict()');
  return collect(root, '');
}

/**
 * The tensors of one state dict by their dotted names inside of it.
 * @param key dotted path of the state dict inside the checkpoint (`trainer.vae_local`). Without it the
 *   checkpoint is the state dict when it holds tensors, else `model`, `module` or `state_dict` of it is.
 * @throws Error when there is no such key or no tensor, or the dicts nest endlessly.
 */
export function collectStateDict(
  root: PickleValue,
  key?: string,
): ReadonlyMap<string, TorchTensor> {
  if (!(root instanceof Map))
    throw new Error('it holds no dict of tensors: save model.state_dict()');
  return collect(
    key === undefined ? unwrap(root) : descend(root, key),
    key === undefined ? '' : ` under "${key}"`,
    root,
  ).tensors;
}

function collect(from: PickleDict, where: string, root: PickleDict = from): CheckpointTensors {
  const tensors = new Map<string, TorchTensor>();
  const dicts: TensorDict[] = [];
  let visited = 0;
  const visit = (dict: PickleDict, path: string, depth: number): void => {
    if (depth > MAX_DEPTH) throw new Error(`its dicts are nested deeper than ${MAX_DEPTH}`);
    const keys: string[] = [];
    for (const [name, value] of dict) {
      if (++visited > MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`);
      if (typeof name !== 'string' && typeof name !== 'number') continue;
      if (!(value instanceof Map || value instanceof TorchTensor)) continue;
      const dotted = path === '' ? String(name) : `${path}.${name}`;
      if (dotted.length > MAX_NAME_LENGTH) {
        throw new Error(`it has a name of ${dotted.length} characters`);
      }
      if (value instanceof Map) {
        visit(value, dotted, depth + 1);
        continue;
      }
      if (tensors.has(dotted)) throw new Error(`it has two tensors "${dotted}"`);
      tensors.set(dotted, value);
      if (tensors.size > MAX_TENSORS) throw new Error(`it has more than ${MAX_TENSORS} tensors`);
      keys.push(String(name));
    }
    if (keys.length > 0) dicts.push({ path, keys });
  };
  visit(from, '', 0);
  if (tensors.size === 0) {
    throw new Error(`it holds no tensors${where}; its keys are ${keyList(root)}`);
  }
  return { tensors, dicts };
}

function unwrap(root: PickleDict): PickleDict {
  if ([...root.values()].some((value) => value instanceof TorchTensor)) return root;
  for (const wrapper of WRAPPERS) {
    const inner = root.get(wrapper);
    if (inner instanceof Map) return inner;
  }
  return root;
}

function descend(root: PickleDict, key: string): PickleDict {
  let dict = root;
  for (const part of key.split('.')) {
    const inner = dict.get(part);
    if (!(inner instanceof Map)) {
      throw new Error(`it has no dict "${key}"; its keys are ${keyList(root)}`);
    }
    dict = inner;
  }
  return dict;
}

function keyList(dict: PickleDict): string {
  const names = [...dict.keys()].filter((name) => typeof name === 'string');
  const shown = names.slice(0, 8).map((name) => name.slice(0, 40));
  return `${shown.join(', ')}${names.length > 8 ? ', …' : ''}` || 'none';
}
