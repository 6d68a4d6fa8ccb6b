import { TorchTensor, type PickleDict, type PickleValue } from './pickle-values';

/** Keys under which training scripts put the state dict, in the order in which they are tried. */
const WRAPPERS = ['model', 'module', 'state_dict'] as const;

/** Nesting and size that no state dict has; hostile pickles can nest dicts into themselves. */
const MAX_DEPTH = 32;
const MAX_ENTRIES = 1_000_000;

/**
 * The tensors of a checkpoint by their dotted names; numbers, text and `None` beside them are skipped.
 * @param key dotted path of the state dict inside the checkpoint (`trainer.vae_local`). Without it the
 *   checkpoint is the state dict when it holds tensors, else `model`, `module` or `state_dict` of it is.
 * @throws Error when there is no such key or no tensor, or the dicts nest endlessly.
 */
export function collectStateDict(root: PickleValue, key?: string): Map<string, TorchTensor> {
  if (!(root instanceof Map))
    throw new Error('it holds no dict of tensors: save model.state_dict()');
  const tensors = new Map<string, TorchTensor>();
  let visited = 0;
  const collect = (dict: PickleDict, prefix: string, depth: number): void => {
    if (depth > MAX_DEPTH) throw new Error(`its dicts are nested deeper than ${MAX_DEPTH}`);
    for (const [name, value] of dict) {
      if (++visited > MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`);
      if (typeof name !== 'string' && typeof name !== 'number') continue;
      const dotted = `${prefix}${name}`;
      if (value instanceof Map) {
        collect(value, `${dotted}.`, depth + 1);
      } else if (value instanceof TorchTensor) {
        if (tensors.has(dotted)) throw new Error(`it has two tensors "${dotted}"`);
        tensors.set(dotted, value);
      }
    }
  };
  collect(key === undefined ? unwrap(root) : descend(root, key), '', 0);
  if (tensors.size === 0) {
    throw new Error(
      `it holds no tensors${key === undefined ? '' : ` under "${key}"`}; its keys are ${keyList(root)}`,
    );
  }
  return tensors;
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
  return `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}` || 'none';
}
