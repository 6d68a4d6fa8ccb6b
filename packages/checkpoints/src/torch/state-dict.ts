import {
  PickleTuple,
  TorchTensor,
  UnreadableTensor,
  type PickleDict,
  type PickleValue,
} from './pickle-values';

/** Keys under which training scripts put the state dict, in the order in which they are tried. */
const WRAPPERS = ['model', 'module', 'state_dict'] as const;

/** What no checkpoint has; hostile pickles can nest dicts into themselves and share long names. */
const MAX_DEPTH = 32;
const MAX_ENTRIES = 4_000_000;
const MAX_TENSORS = 50_000;
const MAX_NAME_LENGTH = 1024;

/** A dict (or list) of a checkpoint that holds tensors itself. */
export interface TensorDict {
  /** Dotted path inside the checkpoint; empty for the checkpoint itself. Items of lists have numbers. */
  readonly path: string;
  /** Keys of its tensors; `path`, a dot and the key are the tensor's name. */
  readonly keys: readonly string[];
}

/** A dict that is left out, because a tensor of it is of a type that is not read. */
export interface BlockedDict {
  /** As of a `TensorDict`. */
  readonly path: string;
  /** Dotted name of the first such tensor. */
  readonly tensor: string;
  /** As PyTorch names it. */
  readonly type: string;
}

/** Everything that a checkpoint holds. */
export interface CheckpointTensors {
  /** By their dotted names. */
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly dicts: readonly TensorDict[];
  readonly blocked: readonly BlockedDict[];
}

type Holder = PickleDict | readonly PickleValue[];

/**
 * All tensors of a checkpoint, in dicts, lists and tuples; numbers, text and `None` beside them are
 * skipped.
 * @throws Error when there are none that are read, or they are nested endlessly.
 */
export function collectTensors(root: PickleValue): CheckpointTensors {
  const holder = holderOf(root);
  if (!holder) throw new Error('it holds no dict of tensors: save model.state_dict()');
  const found = collect(holder);
  if (found.tensors.size > 0) return found;
  const [blocked] = found.blocked;
  throw blocked ? unreadable(blocked) : new Error(noTensors(holder));
}

/**
 * The tensors of one state dict by their dotted names inside of it.
 * @param key dotted path of the state dict inside the checkpoint (`trainer.vae_local`). Without it the
 *   checkpoint is the state dict when it holds tensors, else `model`, `module` or `state_dict` of it is.
 * @throws Error when there is no such key or no tensor, one has a type that is not read, or they are nested
 *   endlessly.
 */
export function collectStateDict(
  root: PickleValue,
  key?: string,
): ReadonlyMap<string, TorchTensor> {
  const holder = holderOf(root);
  if (!holder) throw new Error('it holds no dict of tensors: save model.state_dict()');
  const { tensors, blocked } = collect(key === undefined ? unwrap(holder) : descend(holder, key));
  if (blocked[0]) throw unreadable(blocked[0]);
  if (tensors.size > 0) return tensors;
  throw new Error(noTensors(holder, key === undefined ? '' : ` under "${key}"`));
}

/** Why a dict cannot be read, and the mend. */
export function unreadable({ path, tensor, type }: BlockedDict): Error {
  const where = path === '' ? '' : ` of the state dict "${path}"`;
  return new Error(
    `the tensor "${tensor}"${where} has the type ${type}, which is not read: save it as float32`,
  );
}

function collect(from: Holder): CheckpointTensors {
  const tensors = new Map<string, TorchTensor>();
  const dicts: TensorDict[] = [];
  const blocked: BlockedDict[] = [];
  // What holds no tensors at any depth: others may share it, and it is not worth a second look.
  const barren = new Set<Holder>();
  let visited = 0;
  const visit = (holder: Holder, path: string, depth: number): boolean => {
    if (barren.has(holder)) return false;
    if (depth > MAX_DEPTH) throw new Error(`its dicts are nested deeper than ${MAX_DEPTH}`);
    const own: { readonly key: string; readonly dotted: string }[] = [];
    let block: BlockedDict | undefined;
    let isFruitful = false;
    for (const [name, value] of entriesOf(holder)) {
      if (++visited > MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`);
      if (typeof name !== 'string' && typeof name !== 'number') continue;
      const inner = holderOf(value);
      const isTensor = value instanceof TorchTensor || value instanceof UnreadableTensor;
      if (!inner && !isTensor) continue;
      const dotted = path === '' ? String(name) : `${path}.${name}`;
      if (dotted.length > MAX_NAME_LENGTH) {
        throw new Error(`it has a name of ${dotted.length} characters`);
      }
      if (inner) isFruitful = visit(inner, dotted, depth + 1) || isFruitful;
      else if (value instanceof TorchTensor) {
        if (tensors.has(dotted)) throw new Error(`it has two tensors "${dotted}"`);
        tensors.set(dotted, value);
        own.push({ key: String(name), dotted });
      } else if (value instanceof UnreadableTensor) {
        block ??= { path, tensor: dotted, type: value.type };
      }
    }
    // Each dict that is left out keeps a path, too.
    if (tensors.size + blocked.length > MAX_TENSORS)
      throw new Error(`it has more than ${MAX_TENSORS} tensors`);
    if (block) {
      blocked.push(block);
      for (const { dotted } of own) tensors.delete(dotted);
    } else if (own.length > 0) {
      dicts.push({ path, keys: own.map(({ key }) => key) });
    }
    if (block || own.length > 0) isFruitful = true;
    if (!isFruitful) barren.add(holder);
    return isFruitful;
  };
  visit(from, '', 0);
  return { tensors, dicts, blocked };
}

/** A value that may hold tensors. */
function holderOf(value: PickleValue | undefined): Holder | undefined {
  if (value instanceof Map || Array.isArray(value)) return value;
  return value instanceof PickleTuple ? value.items : undefined;
}

function entriesOf(holder: Holder): Iterable<readonly [PickleValue, PickleValue]> {
  return holder.entries();
}

function unwrap(root: Holder): Holder {
  if (!(root instanceof Map)) return root;
  if ([...root.values()].some((value) => value instanceof TorchTensor)) return root;
  for (const wrapper of WRAPPERS) {
    const inner = root.get(wrapper);
    if (inner instanceof Map) return inner;
  }
  return root;
}

function descend(root: Holder, key: string): Holder {
  let holder = root;
  for (const part of key.split('.')) {
    const inner = holderOf(holder instanceof Map ? holder.get(part) : holder[Number(part)]);
    if (!inner) throw new Error(`it has no dict "${key}"${keyList(root)}: name one of them`);
    holder = inner;
  }
  return holder;
}

function noTensors(root: Holder, where = ''): string {
  return `it holds no tensors${where}${keyList(root)}: save model.state_dict()`;
}

/** What is there instead, as the end of half a sentence. */
function keyList(holder: Holder): string {
  const names = [...holder.keys()].filter((name) => typeof name === 'string');
  const shown = names.slice(0, 8).map((name) => name.slice(0, 40));
  if (shown.length === 0) return ', and has no keys';
  return `, and its keys are ${shown.join(', ')}${names.length > 8 ? ', …' : ''}`;
}
