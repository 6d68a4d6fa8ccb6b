import type { ElementType } from '../element-types';

/** The bytes that one or more tensors share; they lie in the archive's entry `data/<key>`. */
export class TorchStorage {
  constructor(
    readonly key: string,
    readonly type: ElementType,
    /** Number of elements. */
    readonly length: number,
  ) {}
}

/** A view of a storage: element (i_1 … i_r) is number `offset` + Σ i_k · strides_k of it. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** A storage, or a tensor in it, of a type that is not read: float8, complex, sparse, … */
export class UnreadableTensor {
  /** `type`: as PyTorch names it. */
  constructor(readonly type: string) {}
}

/** An object beside the weights of which the name alone is kept. */
export class SkippedObject {
  constructor(readonly name: string) {}
}

/** A class or function that the pickle names. It is a name only: there is nothing to call. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** A Python tuple; lists and sets are arrays, dicts are maps. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

export type PickleDict = Map<PickleValue, PickleValue>;

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | SkippedObject
  | TorchStorage
  | TorchTensor
  | UnreadableTensor;
