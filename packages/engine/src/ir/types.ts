import type { Dtype } from '@ar-distill/program';

/** Element types inside of a program. */
export type ValueDtype = Dtype | 'bool';

/** Attribute of a node, as tfjs hands it to its kernels. */
export type Attribute = string | number | boolean | null | undefined | readonly Attribute[];
export type Attributes = Readonly<Record<string, Attribute>>;

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'state' | 'input'; readonly key: string }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  /** Every element is `value`; never stored, broadcast where it is used. */
  | { readonly kind: 'splat'; readonly value: number }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

export type ConstantData = Float32Array | Int32Array | Uint8Array;

/** One array of a program. Static shape; assigned once. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: ValueDtype;
  readonly origin: Origin;
}

/** One kernel call; `kernel` is the tfjs name. */
export interface Node {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
}

/** A traced function: a directed acyclic graph, nodes in the order of their evaluation. */
export interface Graph {
  readonly name: string;
  readonly state: Readonly<Record<string, Value>>;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly nodes: readonly Node[];
  /** New values of (some of) the state. */
  readonly nextState: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
}
