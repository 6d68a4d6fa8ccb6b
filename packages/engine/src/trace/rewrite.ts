import type { GraphBuilder } from '../ir/graph-builder';
import type { Attributes, Value } from '../ir/types';

/** A kernel call as tfjs makes it. */
export interface KernelCall {
  readonly inputs: Readonly<Record<string, Value>>;
  readonly attributes: Attributes;
}

/** Expresses a kernel call through others; returns its results. */
export type Rewrite = (builder: GraphBuilder, call: KernelCall) => readonly Value[];
