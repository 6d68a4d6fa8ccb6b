import type { KernelName } from '../ir/kernels';
import type { Node, Value } from '../ir/types';
import type { GraphEmitter } from '../onnx/graph-emitter';
import type { FusedKernelName } from './fused-kernels';

/** Hardware behind a session. */
export type Provider = 'cpu' | 'cuda' | 'webgpu';

/** What a lowering rule can ask for. */
export interface LoweringContext {
  readonly emit: GraphEmitter;
  /** Whether the model is to run elsewhere, where ONNX Runtime's own operators are not known. */
  readonly standardOperators: boolean;
  /** Name of a value in its full shape. */
  tensor(value: Value): string;
}

/** Appends the nodes of one kernel call; returns the names of its results. */
export type Lowering = (node: Node, context: LoweringContext) => readonly string[];

/** One rule per kernel; a missing one does not type-check. */
export type LoweringTable = { readonly [K in KernelName | FusedKernelName]: Lowering };

/** Names of the values of a graph while its nodes are lowered one after the other. */
export class ValueNames implements LoweringContext {
  private readonly names = new Map<number, string>();

  constructor(
    readonly emit: GraphEmitter,
    readonly standardOperators = false,
  ) {}

  define(value: Value, name: string): void {
    this.names.set(value.id, name);
  }

  tensor(value: Value): string {
    const known = this.names.get(value.id);
    if (known !== undefined) return known;
    const name = this.materialize(value);
    this.names.set(value.id, name);
    return name;
  }

  private materialize({ origin, shape, dtype, id }: Value): string {
    if (origin.kind === 'constant') return this.emit.initializer(shape, dtype, origin.data);
    if (origin.kind === 'splat') {
      const scalar = this.emit.scalar(origin.value, dtype);
      return shape.length === 0
        ? scalar
        : this.emit.node('Expand', [scalar, this.emit.int64(shape)]);
    }
    throw new Error(`Value ${id} is used before it is defined.`);
  }
}
